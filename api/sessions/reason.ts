import type { FieldRef } from '../../crypto/field-cipher.ts';
import { dropRevision, keepRevision } from '../../db/revisions.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { errorCodeOf, isRetryable } from '../../domain/errors.ts';
import type { Call } from '../http/handler.ts';

/** Why a group's member left is kept with their seat. */
function reasonRef(sessionId: string, seatId: string | undefined): FieldRef {
  const ref = { purpose: 'session', objectId: sessionId, column: 'last_reason' };
  return seatId === undefined ? ref : { ...ref, rowId: seatId };
}

export async function sealReason(
  { deps }: Call,
  sessionId: string,
  reason: string | null | undefined,
  seatId?: string,
): Promise<Buffer | null> {
  if (reason === undefined || reason === null || reason === '') return null;
  return deps.cipher.sealField(deps.knex, reasonRef(sessionId, seatId), reason);
}

/**
 * Keeps why somebody declined or moved a session, or left a group's, sealed. An act without a
 * reason leaves none of an earlier act.
 */
export async function keepReason(
  call: Call,
  { id, enrolment_id: seatId }: Pick<SessionRow, 'id' | 'enrolment_id'>,
  reason: string | undefined,
): Promise<void> {
  const { knex } = call.deps;
  const sealed = await sealReason(call, id, reason, seatId);
  const row =
    seatId === undefined
      ? knex('sessions').where({ id })
      : knex('enrolments').where({ id: seatId });
  await row.update({ last_reason: sealed });
}

/**
 * Puts a reason on record before the session is asked, so that whoever hears of the step finds
 * the reason with it, and none of an earlier act. Resolves to what the session's message must name.
 */
export async function announceReason(
  call: Call,
  { id: sessionId, last_reason: earlier }: Pick<SessionRow, 'id' | 'last_reason'>,
  reason: string | undefined,
): Promise<{ readonly revisionId?: string }> {
  const sealed = await sealReason(call, sessionId, reason);
  if (sealed === null && earlier === null) return {};
  await keepRevision(call.deps.knex, {
    id: call.newId,
    sessionId,
    askedBy: call.principal.personId,
    reason: sealed,
    details: null,
    format: null,
    therapistId: null,
    buffers: null,
  });
  return { revisionId: call.newId };
}

/** A revision that was refused leaves nothing behind; one of unknown fate may still come into force. */
export async function forgetRefused({ deps, newId }: Call, error: unknown): Promise<void> {
  const code = errorCodeOf(error);
  if (code !== null && !isRetryable(code)) await dropRevision(deps.knex, newId);
}
