import type { Knex } from 'knex';

/** A room whose host has not renewed it by then was lost, ms. */
const LOST_AFTER_MS = 60_000;
/** What a room knew is of use while its session may go on, ms. */
const MEMORY_KEPT_MS = 24 * 3_600_000;
/** Who was left in a room that was lost is looked for over this long, ms. */
const ROOM_KEPT_MS = 48 * 3_600_000;
/** A host that has been away for so long is another one when it comes back, ms. */
const HOST_KEPT_MS = 3_600_000;

const SWEEPS = [
  `UPDATE rooms SET state = 'closed', closed_at = lease_until
   WHERE state = 'open' AND lease_until < clock_timestamp() - :lost * interval '1 millisecond'`,
  `DELETE FROM room_memories AS known
   WHERE written_at < clock_timestamp() - :memory * interval '1 millisecond' AND NOT EXISTS (
     SELECT FROM rooms WHERE session_id = known.session_id AND state = 'open')`,
  // An epoch begins again only after nothing is known of the earlier ones.
  `DELETE FROM rooms AS room
   WHERE state = 'closed' AND closed_at < clock_timestamp() - :room * interval '1 millisecond'
     AND NOT EXISTS (SELECT FROM room_memories WHERE session_id = room.session_id)`,
  `DELETE FROM sfu_hosts AS host
   WHERE lease_until < clock_timestamp() - :host * interval '1 millisecond'
     AND NOT EXISTS (SELECT FROM rooms WHERE host_id = host.id)`,
];

/** Removes what is left of rooms that are over and of hosts that are gone. Safe to run by many at once. */
export async function sweepRooms(db: Knex): Promise<void> {
  const bindings = {
    lost: LOST_AFTER_MS,
    memory: MEMORY_KEPT_MS,
    room: ROOM_KEPT_MS,
    host: HOST_KEPT_MS,
  };
  for (const sweep of SWEEPS) await db.raw(sweep, bindings);
}
