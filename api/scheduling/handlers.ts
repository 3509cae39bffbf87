import type { HandlerMap } from '../http/handler.ts';
import { getScheduleBatch, postScheduleBatch } from './calendar.ts';
import { cancelScheduledSession } from './cancel.ts';
import { confirmScheduledSession } from './confirm.ts';
import { getDropdownData } from './dropdowns.ts';
import { holdScheduledSession } from './hold.ts';
import { listScheduledSessions } from './sessions.ts';

/** The door of clinic staff, at the root and under `/api`. */
export const schedulingHandlers = {
  getScheduleBatch,
  postScheduleBatch,
  listScheduledSessions,
  getDropdownData,
  holdScheduledSession,
  confirmScheduledSession,
  cancelScheduledSession,
} satisfies Partial<HandlerMap>;
