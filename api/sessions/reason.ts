import type { Call } from '../http/handler.ts';

/**
 * Keeps why somebody declined, moved or cancelled a session, sealed. An act without a reason leaves
 * none of an earlier act.
 */
export async function keepReason(
  call: Call,
  sessionId: string,
  reason: string | undefined,
): Promise<void> {
  const { cipher, knex } = call.deps;
  const ref = { purpose: 'session', objectId: sessionId, column: 'last_reason' };
  const isGiven = reason !== undefined && reason !== '';
  const sealed = isGiven ? await cipher.sealField(knex, ref, reason) : null;
  await knex('sessions').where({ id: sessionId }).update({ last_reason: sealed });
}
