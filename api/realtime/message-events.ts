import { v7 as newId } from 'uuid';
import { drawBytes } from '../../crypto/drawn-bytes.ts';
import { auditRead } from '../../db/audit/record.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { inBothShapes } from '../support/dialect.ts';
import { sentInA, sentInB } from '../support/messages/present-message.ts';
import { sendMessage } from '../support/messages/send-message.ts';
import type { EventAnswer, EventCall } from './event-call.ts';
import { said } from './payloads.ts';

/** `send-message`: the acknowledgement is what `POST /api/messages` answers. */
export async function sendOverSocket(call: EventCall): Promise<EventAnswer> {
  const { deps, principal, payload, socket } = call;
  try {
    const context = { requestId: socket.id, newId: newId({ random: drawBytes(16) }) };
    const { message, suggestions } = await sendMessage(deps, principal, payload, context);
    const { body } = inBothShapes(201, {
      message: 'Message sent successfully',
      a: { message: sentInA(message) },
      b: { messageData: sentInB(message), aiSuggestions: suggestions },
    });
    return body as EventAnswer;
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'not_found' || code === 'forbidden') await recordDenial(call);
    throw error;
  }
}

async function recordDenial({ deps, principal, payload, socket }: EventCall): Promise<void> {
  const sessionId = said(payload, 'sessionId');
  if (typeof sessionId !== 'string' || !isUuid(sessionId)) return;
  await auditRead(deps.knex, auditContext(principal, socket.id), {
    action: 'message.send',
    objectType: 'support_session',
    objectId: sessionId,
    outcome: 'denied',
  });
}
