import type { Knex } from 'knex';
import { type CrisisRequest, findCrisisRequest } from '../../db/crisis-sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';

/**
 * Somebody in a crisis may be at the door of a room that nobody has come to yet. Throws
 * `media_unavailable`, which says to ask again, where a request of this id waits for somebody to take it
 * and is the caller's by `isTheirs`.
 */
export async function assertNotAwaited(
  knex: Knex,
  id: string,
  isTheirs: (request: CrisisRequest) => boolean,
): Promise<void> {
  const request = await findCrisisRequest(knex, id);
  if (request === null || request.isOver || request.therapistId !== null) return;
  if (!isTheirs(request)) return;
  throw new HoldfastError(
    'media_unavailable',
    'Nobody has taken your call for help yet; we go on calling. The room opens as soon as somebody does.',
    { retryAfterSeconds: 2 },
  );
}
