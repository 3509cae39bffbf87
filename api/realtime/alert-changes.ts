import type { Broadcast } from '../../db/broadcasts.ts';
import { findAlertOwner } from '../../db/crisis-alerts.ts';
import { safely } from '../http/error-handler.ts';
import type { Live } from './live.ts';

/**
 * Tells of a change to an alert: the crisis team, but not whose alert it is, beside whom others may be
 * looking at the same screen; and its own person, unless they called for help without a word.
 */
export async function tellAlertChange(live: Live, { room, event, ids }: Broadcast): Promise<void> {
  if (live.io.of('/').adapter.rooms.has(room) === false) return;
  const alertId = String(ids['alertId']);
  const owner = await findAlertOwner(live.deps.crisisKnex, alertId).catch((error: unknown) => {
    live.deps.log.error({ alertId, error: safely(error) }, 'whose alert it is can not be read');
    return null;
  });
  const isOwn = room.startsWith('person:');
  // Better that somebody hears nothing of their own alert than that others read it.
  if (isOwn && (owner === null || owner.isSilent)) return;
  const audience = live.io.local.to(room);
  const hidden = isOwn || owner === null || owner.isDrill ? null : owner.personId;
  (hidden === null ? audience : audience.except(`person:${hidden}`)).emit(event, ids);
}
