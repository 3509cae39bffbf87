import { openOccurrences } from '../../activities/series/opening.ts';
import { findOccurrence } from '../../db/series.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { ApiDeps } from '../context.ts';

/**
 * Opens a planned occurrence because somebody acts on it by itself: from then on it is a session
 * like any other. Throws `wrong_state` while its series has not been answered.
 */
export async function openPlanned(deps: ApiDeps, sessionId: string): Promise<SessionRow> {
  const occurrence = await findOccurrence(deps.knex, sessionId);
  if (occurrence !== null) await openOccurrences(deps, occurrence.series_id, [sessionId]);
  const session = await findSession(deps.knex, sessionId);
  if (session !== null && session.status !== 'planned') return session;
  throw new HoldfastError('wrong_state', 'The series of this session has not been answered yet.');
}
