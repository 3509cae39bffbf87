import type { FieldRef } from '../../crypto/field-cipher.ts';
import { dropRevision, keepRevision } from '../../db/revisions.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { errorCodeOf, isRetryable } from '../../domain/errors.ts';
import type { Call } from '../http/handler.ts';

function reasonRef(sessionId: string): FieldRef {
  return { purpose: 'session', objectId: sessionId, column: 'last_reason' };
}

export async function sealReason(
  { deps }: Call,
  sessionId: string,
  reason: string | null | undefined,
): Promise<Buffer | null> {
  if (reason === undefined || reason === null || reason === '') return null;
  return deps.cipher.sealField(deps.knex, reasonRef(sessionId), reason);
}

/**
 * Keeps why somebody declined or moved a session, sealed. An act without a reason leaves none of an
 * earlier act.
 */
export async function keepReason(
  call: Call,
  sessionId: string,
  reason: string | undefined,
): Promise<void> {
  const sealed = await sealReason(call, sessionId, reason);
  await call.deps.knex('sessions').where({ id: sessionId }).update({ last_reason: sealed });
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
