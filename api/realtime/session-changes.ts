import type { Broadcast } from '../../db/broadcasts.ts';
import { listEscalations } from '../../db/support-escalations.ts';
import { readStatuses, severityOf, statusWords } from '../support/dialect.ts';
import { newMessageEvent, reactionsInB } from '../support/messages/present-message.ts';
import { readMessageView } from '../support/messages/read-message.ts';
import { openEscalationTexts } from '../support/sessions/escalation-texts.ts';
import { estimatedResponseSeconds } from '../crisis/response-time.ts';
import type { Live } from './live.ts';
import { audienceOf } from './session-audience.ts';

const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Both versions' news of a status: B's `session-status-updated` and A's `session-update`. */
export async function tellStatus(live: Live, { ids }: Broadcast): Promise<void> {
  const [sessionId, from, to] = [ids['sessionId'], ids['from'], ids['to']].map(String);
  const audience = await audienceOf(live, sessionId!);
  if (audience === null) return;
  const words = (word: string): { readonly a: string; readonly b: string } => {
    const [status] = readStatuses(word);
    return status === undefined ? { a: word, b: word } : statusWords(status);
  };
  const timestamp = new Date().toISOString();
  audience.tell('session-status-updated', (nameId) => ({
    sessionId,
    oldStatus: words(from!).b,
    newStatus: words(to!).b,
    updatedBy: nameId(asText(ids['by'])),
    timestamp,
  }));
  audience.tell('session-update', () => ({ sessionId, status: words(to!).a }));
}

/** `session-escalated` */
export async function tellEscalation(live: Live, { ids }: Broadcast): Promise<void> {
  const { deps } = live;
  const sessionId = String(ids['sessionId']);
  const audience = await audienceOf(live, sessionId);
  const escalations = await listEscalations(deps.knex, [sessionId]);
  const escalation = escalations.find(({ id }) => id === ids['escalationId']);
  if (audience === null || escalation === undefined) return;
  const [texts] = await openEscalationTexts(deps, [escalation]);
  const { escalatedBy, toSeverity, toHelperType } = escalation;
  const { clinicId } = audience.session;
  const estimatedResponseTime = await estimatedResponseSeconds(deps, clinicId, toSeverity);
  audience.tell('session-escalated', (nameId) => ({
    sessionId,
    escalatedBy: nameId(escalatedBy),
    newSeverity: severityOf(toSeverity),
    newHelperType: toHelperType,
    reason: texts?.reason ?? null,
    estimatedResponseTime,
  }));
}

/** `message-updated`, `message-deleted` and `message-reaction`, for those who listen to the session. */
export async function tellMessageChange(live: Live, message: Broadcast): Promise<void> {
  const { room, event, ids } = message;
  const sessionId = room.slice('session:'.length);
  const { chats, deps } = live;
  if (!chats.has(sessionId)) return;
  const audience = await audienceOf(live, sessionId);
  if (audience === null) return;
  const { session } = audience;
  const { messageId, number: messageNumber } = ids;
  const place = { sessionId, messageId, messageNumber };
  const view =
    event === 'message-deleted' ? null : await readMessageView(deps, session, String(messageId));
  if (view === null) {
    chats.tellAll(sessionId, 'message-deleted', () => ({
      _id: messageId,
      id: messageId,
      ...place,
    }));
    return;
  }
  chats.tellAll(sessionId, event, (readerId) =>
    event === 'message-reaction'
      ? { ...place, reactions: reactionsInB(view, readerId) }
      : { ...newMessageEvent(view, readerId), isEdited: true },
  );
}
