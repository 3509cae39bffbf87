import type { HandlerMap } from '../../http/handler.ts';
import { acceptSupportSession, declineSupportSession, joinSupportSession } from './accept.ts';
import { listAvailableSessions } from './available.ts';
import { createSupportSession } from './create.ts';
import { listOwnSupportSessions } from './list.ts';
import { getSupportSession } from './read.ts';
import { endSupportSession, updateSupportSession } from './update.ts';

/** Live support sessions, in both published versions. */
export const supportSessionHandlers = {
  createSupportSession,
  createSupportSessionB: createSupportSession,
  listAvailableSessions,
  acceptSupportSession,
  declineSupportSession,
  joinSupportSession,
  listOwnSupportSessions,
  listOwnSupportSessionsB: listOwnSupportSessions,
  getSupportSession,
  updateSupportSession,
  endSupportSession,
} satisfies Partial<HandlerMap>;
