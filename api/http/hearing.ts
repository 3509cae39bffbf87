import type { TriggerSource } from '../../db/crisis-intake.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import { type Alarmed, alarmForBody } from '../crisis/alarm.ts';
import { withoutMarks } from './without-marks.ts';

/** What came with a request whose words nobody may lose. */
export interface Hearing {
  /** As it was sent, whatever it is, or as much of it as came; null while nothing was read. */
  words: string | null;
  /** The handler has begun: it screens what it was given by itself. */
  isHandled: boolean;
}

/**
 * Calls help for words of crisis that were refused before any handler could read them; null where
 * they are none. Never throws.
 */
export async function hearRefused(
  deps: ApiDeps,
  { words, isHandled }: Hearing,
  principal: Principal | null,
  { requestId, path }: { readonly requestId: string; readonly path: string },
): Promise<Alarmed | null> {
  if (words === null || isHandled || principal === null) return null;
  return alarmForBody(deps, principal, spoken(words), requestId, sourceOf(path));
}

function sourceOf(path: string): TriggerSource {
  if (/^\/api\/(?:ai|chatbot)\//.test(path)) return 'companion';
  return path.startsWith('/api/responses/') ? 'screening' : 'message';
}

function spoken(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    return withoutMarks(words);
  }
}
