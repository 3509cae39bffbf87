import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';

/** How long a host, and each of its rooms, is believed after its last beat, ms. */
export const ROOM_LEASE_MS = 8_000;
/** How long a room waits on its host for the first who joins: no room token lives longer, ms. */
const UNOPENED_MS = 60_000;
/** So many rooms on a core count as much as a wholly busy core: what was placed shows in no load yet. */
const ROOMS_PER_CORE = 50;
/** A lease may end between two looks at it. */
const MAX_ATTEMPTS = 3;

export interface PlacedRoom {
  readonly hostId: string;
  readonly signalingUrl: string;
  readonly epoch: number;
}

/** One placement of a session's room. */
export interface RoomEpoch {
  readonly sessionId: string;
  readonly epoch: number;
}

export interface HostBeat {
  readonly hostId: string;
  readonly signalingUrl: string;
  readonly cores: number;
  /** Share of all cores that is busy, 0 to 1. */
  readonly load: number;
  readonly state: 'active' | 'draining';
  /** Whether it has what it takes to record. */
  readonly canRecord?: boolean;
  /** Whether it has what it takes to transcribe. */
  readonly canTranscribe?: boolean;
}

const LIVE = `SELECT room.host_id AS "hostId", host.signaling_url AS "signalingUrl", room.epoch
  FROM rooms AS room JOIN sfu_hosts AS host ON host.id = room.host_id
  WHERE room.session_id = :sessionId AND room.state = 'open'
    AND room.lease_until > clock_timestamp()`;

/** Whether a placement is still live is asked of the locked row alone, never of an older picture. */
const PLACE = `WITH host AS MATERIALIZED (
    SELECT id, signaling_url FROM sfu_hosts AS host
    WHERE host.state = 'active' AND host.lease_until > clock_timestamp()
    ORDER BY host.load + (SELECT count(*) FROM rooms WHERE host_id = host.id AND state = 'open'
      AND lease_until > clock_timestamp()) / (host.cores * CAST(:roomsPerCore AS float8)), host.id
    LIMIT 1),
  placed AS (
    INSERT INTO rooms AS room (session_id, host_id, epoch, state, lease_until)
    SELECT :sessionId, id, 1, 'open', clock_timestamp() + :leaseMs * interval '1 millisecond'
    FROM host
    ON CONFLICT (session_id) DO UPDATE SET host_id = excluded.host_id, epoch = room.epoch + 1,
      state = 'open', closed_at = NULL, opened_at = clock_timestamp(),
      lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond'
    WHERE room.state = 'closed' OR room.lease_until <= clock_timestamp()
    RETURNING host_id, epoch)
  SELECT placed.host_id AS "hostId", host.signaling_url AS "signalingUrl", placed.epoch
  FROM placed JOIN host ON host.id = placed.host_id`;

/**
 * Where a session's room is: where it lives already, else on the least loaded host under a new epoch.
 * Throws `media_unavailable` where no host takes rooms.
 */
export async function placeRoom(db: Knex, sessionId: string): Promise<PlacedRoom> {
  const bindings = { sessionId, leaseMs: ROOM_LEASE_MS, roomsPerCore: ROOMS_PER_CORE };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    for (const statement of [LIVE, PLACE]) {
      const { rows } = await db.raw<{ rows: PlacedRoom[] }>(statement, bindings);
      if (rows[0] !== undefined) return rows[0];
    }
  }
  throw new HoldfastError('media_unavailable', 'No video host takes rooms now', {
    retryAfterSeconds: 5,
  });
}

/** Where a session's room lives, or null. */
export async function findLiveRoom(db: Knex, sessionId: string): Promise<PlacedRoom | null> {
  const { rows } = await db.raw<{ rows: PlacedRoom[] }>(LIVE, { sessionId });
  return rows[0] ?? null;
}

/** Whether a session ever had a room. */
export async function wasRoomPlaced(db: Knex, sessionId: string): Promise<boolean> {
  return (await db('rooms').where({ session_id: sessionId }).first('epoch')) !== undefined;
}

/** Whether any host takes rooms. */
export async function isMediaAvailable(db: Knex): Promise<boolean> {
  return (await mediaAvailable(db)).rooms;
}

export interface MediaAvailable {
  readonly rooms: boolean;
  readonly recording: boolean;
  readonly transcripts: boolean;
}

/** Whether any host takes rooms, and whether any of those records and transcribes. */
export async function mediaAvailable(db: Knex): Promise<MediaAvailable> {
  const { rows } = await db.raw<{ rows: [MediaAvailable] }>(
    `SELECT count(*) > 0 AS rooms, coalesce(bool_or(can_record), false) AS recording,
       coalesce(bool_or(can_transcribe), false) AS transcripts
     FROM sfu_hosts WHERE state = 'active' AND lease_until > clock_timestamp()`,
  );
  return rows[0];
}

/** Notes that a host lives. Its own lease ends {@link ROOM_LEASE_MS} after this. */
export async function beatHost(db: Knex, beat: HostBeat): Promise<void> {
  await db.raw(
    `INSERT INTO sfu_hosts (id, signaling_url, cores, load, state, can_record, can_transcribe,
       lease_until)
     VALUES (:hostId, :signalingUrl, :cores, :load, :state, :canRecord, :canTranscribe,
       clock_timestamp() + :leaseMs * interval '1 millisecond')
     ON CONFLICT (id) DO UPDATE SET signaling_url = excluded.signaling_url, cores = excluded.cores,
       load = excluded.load, state = excluded.state, can_record = excluded.can_record,
       can_transcribe = excluded.can_transcribe, lease_until = excluded.lease_until`,
    { canRecord: false, canTranscribe: false, ...beat, leaseMs: ROOM_LEASE_MS },
  );
}

/**
 * Renews what the host has open, and what was placed on it a moment ago. Resolves to the placements
 * whose leases go on for {@link ROOM_LEASE_MS} from when this was called, at least. A lease that has
 * ended is never renewed; a row that is locked just now is left for the next beat.
 */
export async function renewRooms(
  db: Knex,
  hostId: string,
  open: readonly RoomEpoch[],
): Promise<RoomEpoch[]> {
  const { rows } = await db.raw<{ rows: RoomEpoch[] }>(
    `WITH own AS (
       SELECT session_id FROM rooms AS room
       WHERE host_id = :hostId AND state = 'open' AND lease_until > clock_timestamp()
         AND (opened_at > clock_timestamp() - :unopenedMs * interval '1 millisecond'
           OR (session_id, epoch) IN (SELECT * FROM unnest(
             CAST(:sessionIds AS uuid[]), CAST(:epochs AS int[]))))
       FOR UPDATE SKIP LOCKED)
     UPDATE rooms AS room SET lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond'
     FROM own WHERE room.session_id = own.session_id
     RETURNING room.session_id AS "sessionId", room.epoch`,
    {
      hostId,
      sessionIds: open.map(({ sessionId }) => sessionId),
      epochs: open.map(({ epoch }) => epoch),
      leaseMs: ROOM_LEASE_MS,
      unopenedMs: UNOPENED_MS,
    },
  );
  return rows;
}

/** A host takes a room that was placed on it. False: the placement is not, or no longer, the live one. */
export async function claimRoom(db: Knex, hostId: string, room: RoomEpoch): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `UPDATE rooms SET lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond'
     WHERE session_id = :sessionId AND host_id = :hostId AND epoch = :epoch
       AND state = 'open' AND lease_until > clock_timestamp()
     RETURNING 1`,
    { ...room, hostId, leaseMs: ROOM_LEASE_MS },
  );
  return rows.length > 0;
}

/** The placement is over; whoever joins next gets another. A later one is left alone. */
export async function closeRoom(db: Knex, { sessionId, epoch }: RoomEpoch): Promise<void> {
  await db.raw(
    `UPDATE rooms SET state = 'closed', closed_at = clock_timestamp()
     WHERE session_id = ? AND epoch = ? AND state = 'open'`,
    [sessionId, epoch],
  );
}

/** The host is over, and all that it had: its rooms may be placed anew at once. */
export async function endHost(db: Knex, hostId: string): Promise<void> {
  await db.raw(
    `WITH closed AS (
       UPDATE rooms SET state = 'closed', closed_at = clock_timestamp()
       WHERE host_id = :hostId AND state = 'open')
     UPDATE sfu_hosts SET state = 'gone', lease_until = clock_timestamp() WHERE id = :hostId`,
    { hostId },
  );
}
