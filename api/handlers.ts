import { authHandlers } from './auth/auth-handlers.ts';
import { bookingHandlers } from './booking/handlers.ts';
import { OPERATION_IDS } from './generated/operations.ts';
import { healthHandlers } from './health.ts';
import type { HandlerMap } from './http/handler.ts';
import { ownHandlers } from './own/handlers.ts';
import { schedulingHandlers } from './scheduling/handlers.ts';
import { companionHandlers } from './support/companion/handlers.ts';
import { supportCrisisHandlers } from './support/crisis/handlers.ts';
import { messageHandlers } from './support/messages/handlers.ts';
import { supportSessionHandlers } from './support/sessions/handlers.ts';
import { urgentHandlers } from './support/urgent/handlers.ts';
import { supportScreeningHandlers } from './support/screening/handlers.ts';
import { teletherapyHandlers } from './teletherapy/handlers.ts';
import { getTherapistAvailability } from './therapy/availability.ts';
import { searchTherapists } from './therapy/search.ts';
import { therapyGroupHandlers } from './therapy/groups.ts';
import { therapySessionHandlers } from './therapy/sessions.ts';

/** Each door's handlers; a key that two of them share is refused at start. */
const GROUPS: readonly Partial<HandlerMap>[] = [
  healthHandlers,
  authHandlers,
  messageHandlers,
  { searchTherapists, getTherapistAvailability },
  therapySessionHandlers,
  therapyGroupHandlers,
  bookingHandlers,
  schedulingHandlers,
  teletherapyHandlers,
  supportSessionHandlers,
  urgentHandlers,
  ownHandlers,
  supportCrisisHandlers,
  supportScreeningHandlers,
  companionHandlers,
];

/** The one handler of every operation. Throws a plain Error that names an operation with none or two. */
export function allHandlers(groups: readonly Partial<HandlerMap>[] = GROUPS): HandlerMap {
  const handlers: Record<string, unknown> = {};
  for (const group of groups) {
    for (const [id, handler] of Object.entries(group)) {
      if (Object.hasOwn(handlers, id)) throw new Error(`Operation ${id} has two handlers`);
      handlers[id] = handler;
    }
  }
  const missing = OPERATION_IDS.filter((id) => !Object.hasOwn(handlers, id));
  if (missing.length > 0) throw new Error(`Operations without a handler: ${missing.join(', ')}`);
  return handlers as HandlerMap;
}
