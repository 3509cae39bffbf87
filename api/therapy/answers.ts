import type { Answer } from '../http/handler.ts';

/** This door's envelope of what went well. */
export function ok(data: unknown, status = 200): Answer {
  return { status, body: { success: true, data } };
}
