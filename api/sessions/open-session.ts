import type { Knex } from 'knex';
import { auditRead } from '../../db/audit/record.ts';
import { findSessionFor } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { recordDenial } from '../access/denials.ts';
import { type SessionAct, verdictFor } from '../access/session-access.ts';
import type { Call } from '../http/handler.ts';

/** Every act on one session begins here: it is found, allowed or refused, and put on record. */
export function openSession(call: Call, act: SessionAct): Promise<SessionRow> {
  return openSessionWith(call, act, findSessionFor);
}

/**
 * The same with a fuller view of the session, in the one query. A group's member acts on their
 * own part of it: what they cancel or pay for is their seat, never the session.
 */
export async function openSessionWith<Row extends SessionRow>(
  call: Call,
  act: SessionAct,
  find: (knex: Knex, id: string, personId: string) => Promise<Row | null>,
  judge: typeof verdictFor = verdictFor,
): Promise<Row> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const session = isUuid(id) ? await find(deps.knex, id, principal.personId) : null;
  const verdict = judge(act, principal, session);
  if (verdict === 'allowed' && session !== null) return session;
  await recordDenial(call, { action: `session.${act}`, objectType: 'session', objectId: id });
  if (verdict === 'forbidden') throw new HoldfastError('forbidden', 'This is not for your role.');
  throw new HoldfastError('not_found', 'There is no such session.');
}

/** Puts on record that a person's session was read. */
export async function recordRead(call: Call, session: SessionRow): Promise<void> {
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'session.read',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
  });
}
