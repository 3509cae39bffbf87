import type { HandlerMap } from '../http/handler.ts';
import { bookTherapySession } from './book.ts';
import {
  approveTherapySession,
  cancelTherapySession,
  declineTherapySession,
  rescheduleTherapySession,
} from './change-sessions.ts';
import { confirmTherapySession } from './confirm.ts';
import { requestTherapyCrisis } from './crisis/request.ts';
import {
  getCancellationQuote,
  getTherapyCalendar,
  getTherapySession,
  listTherapySessions,
} from './read-sessions.ts';

export const therapySessionHandlers = {
  bookTherapySession,
  confirmTherapySession,
  getTherapySession,
  listTherapySessions,
  getTherapyCalendar,
  getCancellationQuote,
  approveTherapySession,
  declineTherapySession,
  rescheduleTherapySession,
  cancelTherapySession,
  requestTherapyCrisis,
} satisfies Partial<HandlerMap>;
