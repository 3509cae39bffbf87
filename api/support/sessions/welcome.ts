import type { Call } from '../../http/handler.ts';
import { iso } from '../dialect.ts';
import { sendMessage } from '../messages/send-message.ts';

/** Sends what a helper says first as a message of the session; version B's shape of it. */
export async function sendWelcome(
  { deps, principal, requestId, newId }: Call,
  sessionId: string,
  text: string,
): Promise<object> {
  const body = { sessionId, message: text };
  const { message } = await sendMessage(deps, principal, body, { requestId, newId });
  return { _id: message.id, message: message.text, createdAt: iso(message.createdAt) };
}
