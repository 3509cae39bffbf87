import type { Knex } from 'knex';
import { applyRevision, findRevision, keepRevision } from '../../db/revisions.ts';
import type { SessionFormat, SessionRow } from '../../db/sessions.ts';
import { type RecordAudit, inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isEnded } from '../../domain/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { detailsRef } from './compose-booking.ts';

type Texts = Readonly<Record<string, string | null>>;

/** Changes that no workflow has a say in. */
export interface InPlace {
  readonly format: SessionFormat | null;
  readonly texts: Texts | null;
}

/** Changes texts and format of a session that has not ended, unless its workflow has done so already. */
export async function reviseInPlace(
  call: Call,
  { id }: Pick<SessionRow, 'id'>,
  { format, texts }: InPlace,
): Promise<void> {
  if (format === null && texts === null) return;
  const context = auditContext(call.principal, call.requestId);
  await inTransaction(call.deps.knex, context, async (trx, audit) => {
    const session: SessionRow = await trx('sessions').where({ id }).forUpdate().first();
    const known = await findRevision(trx, call.newId);
    if (known !== null && known.appliedAt !== null) return;
    if (isEnded(session.status)) throw new HoldfastError('wrong_state', 'The session is over.');
    if (known === null) await keepInPlace(call, trx, session, { format, texts });
    await applyRevision(trx, call.newId, { isStep: false });
    await tell(call, trx, session, audit);
  });
}

async function keepInPlace(
  call: Call,
  trx: Knex.Transaction,
  session: SessionRow,
  { format, texts }: InPlace,
): Promise<void> {
  await keepRevision(trx, {
    id: call.newId,
    sessionId: session.id,
    askedBy: call.principal.personId,
    details: await mergeTexts(call, trx, session, texts),
    reason: null,
    format,
    therapistId: null,
    buffers: null,
  });
}

/** The session's texts with some of them replaced, sealed; null where nothing is to change. */
export async function mergeTexts(
  { deps }: Call,
  db: Knex,
  { id, details }: SessionRow,
  texts: Texts | null,
): Promise<Buffer | null> {
  if (texts === null) return null;
  const ref = detailsRef(id);
  const current: object =
    details === null ? {} : JSON.parse(await deps.cipher.openField(db, ref, details));
  return deps.cipher.sealField(db, ref, JSON.stringify({ ...current, ...texts }));
}

async function tell(
  { principal }: Call,
  trx: Knex.Transaction,
  session: SessionRow,
  audit: RecordAudit,
): Promise<void> {
  const { id, status, version, clinic_id: clinicId } = session;
  const { personId: actorId } = principal;
  await trx('session_events').insert({ session_id: id, kind: 'revised', actor_id: actorId });
  const times = { startsAt: session.starts_at.getTime(), endsAt: session.ends_at.getTime() };
  const news = { sessionId: id, status, event: 'revised', version, actorId, ...times };
  await trx('outbox').insert({
    topic: 'session.changed',
    clinic_id: clinicId,
    payload: JSON.stringify(news),
  });
  const target = { objectType: 'session', objectId: id, subjectId: session.client_id };
  audit({ action: 'session.revised', ...target });
}
