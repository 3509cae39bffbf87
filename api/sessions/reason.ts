import type { Call } from '../http/handler.ts';

/** Keeps why somebody declined, moved or cancelled a session, sealed. */
export async function keepReason(
  call: Call,
  sessionId: string,
  reason: string | undefined,
): Promise<void> {
  if (reason === undefined || reason === '') return;
  const { cipher, knex } = call.deps;
  const ref = { purpose: 'session', objectId: sessionId, column: 'last_reason' };
  const sealed = await cipher.sealField(knex, ref, reason);
  await knex('sessions').where({ id: sessionId }).update({ last_reason: sealed });
}
