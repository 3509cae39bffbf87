import { clientEvent } from './client-event.ts';
import type { ClientEvent } from './client-event.ts';
import { acting, callForHelp } from './crisis-events.ts';
import { sendOverSocket } from './message-events.ts';
import { parseAlertRef, parseJoin, parseSessionRef, parseTyping } from './payloads.ts';
import { joinSession, leaveSession, tellTyping } from './session-events.ts';
import { parseSlotsDay, subscribeToSlots, unsubscribeFromSlots } from './slots-events.ts';

const typing = clientEvent(parseTyping, tellTyping, { isQuiet: true });

/** What a signed-in client may send, by both published versions' names. */
export const CLIENT_EVENTS: ReadonlyMap<string, ClientEvent> = new Map([
  ['join-session', clientEvent(parseJoin, joinSession)],
  ['leave-session', clientEvent(parseSessionRef, leaveSession)],
  ['typing', typing],
  ['typing-indicator', typing],
  ['send-message', { handle: sendOverSocket, criesForHelp: true }],
  ['crisis-alert', { handle: callForHelp, isUrgent: true }],
  ['acknowledge-alert', clientEvent(parseAlertRef, acting('acknowledge'))],
  ['contact-made', clientEvent(parseAlertRef, acting('contact'))],
  ['release-alert', clientEvent(parseAlertRef, acting('release'))],
  ['subscribe-slots', clientEvent(parseSlotsDay, subscribeToSlots)],
  ['unsubscribe-slots', clientEvent(parseSlotsDay, unsubscribeFromSlots)],
]);
