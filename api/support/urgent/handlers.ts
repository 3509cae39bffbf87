import type { HandlerMap } from '../../http/handler.ts';
import { escalateSession } from './escalate.ts';
import { acceptUrgentSession, getUrgentQueue } from './queue.ts';

export const urgentHandlers = {
  escalateSession,
  getUrgentQueue,
  acceptUrgentSession,
} satisfies Partial<HandlerMap>;
