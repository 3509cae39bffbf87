import type { Knex } from 'knex';
import type { SupportSession } from '../../../db/support-sessions.ts';
import {
  endSupport,
  lockSupport,
  tellOfChange,
  updateRemarks,
} from '../../../db/support-transitions.ts';
import type { SupportRemarks } from '../../../db/support-transitions.ts';
import { type RecordAudit, inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { isSupportOver } from '../../../domain/support-session.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforceSupport } from '../../access/support-access.ts';
import type { SupportRelation } from '../../access/support-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';
import { cryInWords, neverUnheard, recordCry } from './call-for-help.ts';
import type { Cry, Helped } from './call-for-help.ts';
import { changedInB, wholeInA } from './present.ts';
import { type Remarks, readRemarks } from './remarks.ts';
import { openSupport, refetch, showSession } from './shown.ts';
import type { OpenedSession } from './shown.ts';
import { detailsIn, openSupportTexts, sealSupportText } from './texts.ts';
import { statusInB } from './words.ts';

/** `PUT /api/sessions/:id` */
export async function updateSupportSession(call: Call): Promise<Answer> {
  return heardAsPatient(call, 'update', async (opened) => {
    const remarks = readRemarks(call.body);
    if (remarks.notes !== null) await enforceSupport(call, 'note', call.params.id!, opened.session);
    if (remarks.ends) await enforceSupport(call, 'end', call.params.id!, opened.session);
    if (remarks.requestedStatus !== null) requirePossible(opened.session, remarks.requestedStatus);
    return change(call, opened, remarks, 'Session updated successfully');
  });
}

/** `POST /api/sessions/:id/end`; whoever comes second still leaves a rating. */
export async function endSupportSession(call: Call): Promise<Answer> {
  return heardAsPatient(call, 'end', async (opened) => {
    const remarks = { ...readRemarks(call.body), ends: true };
    if (remarks.notes !== null) await enforceSupport(call, 'note', call.params.id!, opened.session);
    return change(call, opened, remarks, 'Session ended successfully');
  });
}

/**
 * Whoever is a session's patient, by role or in this one, writes about themselves; what helpers note
 * is about somebody else, whom they look after.
 */
function heardAsPatient(
  call: Call,
  act: 'update' | 'end',
  work: (opened: OpenedSession) => Promise<Helped>,
): Promise<Answer> {
  let isPatient = call.principal.role === 'patient';
  const cry = (): Cry | null => (isPatient ? cryInWords(call, call.body, null) : null);
  return neverUnheard(call, cry, async () => {
    const opened = await openSupport(call, act);
    isPatient ||= opened.relation === 'patient';
    return work(opened);
  });
}

/** The states that a body may name are ends, and the one that it is in. */
function requirePossible(session: SupportSession, word: string): void {
  if (word === statusInB(session) || word === 'pending' || word === session.status) return;
  throw new HoldfastError(
    'refused_by_rule',
    'A session becomes active when a helper accepts it, and escalated through /api/urgent/escalate',
  );
}

async function change(
  call: Call,
  { session, relation }: OpenedSession,
  remarks: Remarks,
  message: string,
): Promise<Helped> {
  const { deps, principal, requestId } = call;
  const { id, patientId } = session;
  const cry = relation === 'patient' ? cryInWords(call, call.body, id) : null;
  const context = auditContext(principal, requestId);
  const raised = await inTransaction(deps.knex, context, async (trx, audit) => {
    await record(call, trx, audit, session, relation, remarks);
    const whose = { objectType: 'support_session', objectId: id, subjectId: patientId };
    audit({ action: 'support_session.update', ...whose });
    return recordCry(call, trx, audit, cry);
  });
  return { answer: await answerChanged(call, id, relation, message), raised };
}

async function record(
  call: Call,
  trx: Knex.Transaction,
  audit: RecordAudit,
  session: SupportSession,
  relation: SupportRelation,
  remarks: Remarks,
): Promise<void> {
  const { id, clinicId } = session;
  const locked = await lockSupport(trx, id);
  if (locked === null) throw new HoldfastError('not_found', 'There is nothing of this id');
  await updateRemarks(trx, id, await sealRemarks(call, trx, session, relation, remarks));
  if (!remarks.ends || isSupportOver(locked.status)) return;
  const to = locked.status === 'active' ? 'closed' : 'cancelled';
  await endSupport(trx, id, to, to === 'closed' ? 'ended' : 'cancelled_by_patient');
  audit({ action: 'support_session.end', objectType: 'support_session', objectId: id });
  const by = call.principal.personId;
  const from = locked.isEscalated ? 'escalated' : locked.status;
  await tellOfChange(trx, { sessionId: id, clinicId, from, to, by });
}

async function sealRemarks(
  { deps }: Call,
  trx: Knex.Transaction,
  session: SupportSession,
  relation: SupportRelation,
  { rating, feedback, notes, tags }: Remarks,
): Promise<SupportRemarks> {
  const { id } = session;
  const { cipher } = deps;
  const isPatient = relation === 'patient';
  const sealed: { -readonly [Name in keyof SupportRemarks]: SupportRemarks[Name] } = {};
  if (rating !== null) sealed[isPatient ? 'rating' : 'helper_rating'] = rating;
  if (feedback !== null) {
    const column = isPatient ? 'feedback' : 'helper_feedback';
    sealed[column] = await sealSupportText(cipher, trx, id, column, feedback);
  }
  if (notes !== null) sealed.notes = await sealSupportText(cipher, trx, id, 'notes', notes);
  if (tags !== null) {
    const [texts] = await openSupportTexts(cipher, trx, [session]);
    const details = detailsIn({ ...texts!, tags });
    sealed.details = await sealSupportText(cipher, trx, id, 'details', details);
  }
  return sealed;
}

/** Each side reads back what it has given itself. */
async function answerChanged(
  call: Call,
  id: string,
  relation: SupportRelation,
  message: string,
): Promise<Answer> {
  const session = await refetch(call, id);
  const own =
    relation === 'patient'
      ? await showSession(call, session, ['details', 'feedback'])
      : await showSession(call, session, ['details', 'helperFeedback']);
  const shown =
    relation === 'patient'
      ? own
      : { ...own, session: { ...session, rating: session.helperRating } };
  const now = Date.now();
  return inBothShapes(200, {
    message,
    a: { session: wholeInA(shown, now) },
    b: { session: changedInB(shown, now) },
  });
}
