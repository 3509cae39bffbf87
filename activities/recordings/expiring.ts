import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { dropTracks, lockExpired, tracksOf } from '../../db/recordings.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { FileStore } from '../gateways/file-store.ts';

/**
 * Deletes recordings whose time is up at `now`, their keys first: what a crash leaves of the files then
 * opens for nobody, and goes with the next sweep of the store. Resolves to how many there were.
 */
export async function expireRecordings(
  { knex, store }: { readonly knex: Knex; readonly store: FileStore },
  now: Date,
): Promise<number> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  const { count, files } = await inTransaction(knex, context, async (trx, audit) => {
    const expired = await lockExpired(trx, now);
    const tracks = await tracksOf(
      trx,
      expired.map(({ id }) => id),
    );
    const ids = tracks.map(({ id }) => id);
    await dropTracks(trx, ids);
    for (const { id, clinicId, sessionId } of expired) {
      const what = { objectType: 'recording', objectId: id, clinicId };
      audit({ action: 'recording.expire', ...what, changes: { sessionId } });
    }
    return { count: expired.length, files: ids };
  });
  for (const id of files) await store.remove(id);
  return count;
}
