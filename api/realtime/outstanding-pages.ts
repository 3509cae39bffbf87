import { outstandingPages } from '../../db/outstanding-pages.ts';
import { safely } from '../http/error-handler.ts';
import type { Live } from './live.ts';

const PERSON = 'person:';

/**
 * A page that went out while somebody's screen was away, or while this process heard no broadcasts,
 * is shown as soon as both are back: the next step may be minutes off. A client knows a page that it
 * has by its `alertId` and `batch`.
 */
export async function tellOutstanding(live: Live, personIds: readonly string[]): Promise<void> {
  const { crisisKnex, log } = live.deps;
  if (personIds.length === 0) return;
  try {
    for (const { personId, ...ids } of await outstandingPages(crisisKnex, personIds)) {
      live.io.local.to(PERSON + personId).emit('crisis-page', ids);
    }
  } catch (error) {
    log.warn({ error: safely(error) }, 'outstanding pages could not be looked for');
  }
}

/** As {@link tellOutstanding}, for everybody whose sockets this process has. */
export function tellOutstandingToAll(live: Live): Promise<void> {
  const rooms = [...live.io.of('/').adapter.rooms.keys()];
  const people = rooms.filter((room) => room.startsWith(PERSON));
  return tellOutstanding(
    live,
    people.map((room) => room.slice(PERSON.length)),
  );
}
