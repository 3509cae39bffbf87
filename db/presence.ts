import type { Knex } from 'knex';
import { broadcastAll } from './broadcasts.ts';
import type { Broadcast } from './broadcasts.ts';

export type PresenceStatus = 'online' | 'offline';

/** A lease that has not ended: the process behind it is alive. */
export const LIVE_LEASE = `presence_leases AS lease
  JOIN presence_processes AS process
    ON process.id = lease.process_id AND process.lease_until > now()`;

/** Whether somebody has a socket open now. */
export async function isOnline(db: Knex, personId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { online: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM ${LIVE_LEASE} WHERE lease.person_id = ?) AS online`,
    [personId],
  );
  return rows[0]?.online === true;
}

/** Somebody's place in the room of a session of theirs, by the last that was noted of them there. */
const IN_A_ROOM = `EXISTS (
  SELECT FROM sessions AS session CROSS JOIN LATERAL (
    SELECT kind FROM room_presence AS seen
    WHERE seen.session_id = session.id AND seen.person_id = :personId
    ORDER BY sequence DESC LIMIT 1) AS last
  WHERE session.client_id = :personId AND last.kind <> 'left'
    AND session.starts_at BETWEEN now() - interval '1 day' AND now() + interval '1 hour')`;
const ON_A_SOCKET = `EXISTS (SELECT FROM ${LIVE_LEASE} WHERE lease.person_id = :personId)`;

/** Whether somebody can be spoken to: by a socket, or in a room. */
export async function isThere(db: Knex, personId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { there: boolean }[] }>(
    `SELECT ${ON_A_SOCKET} OR ${IN_A_ROOM} AS there`,
    { personId },
  );
  return rows[0]?.there === true;
}

/** Whether somebody was there and has gone lately; of who never was, nobody can tell. */
export async function hasGone(db: Knex, personId: string, withinMs: number): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { gone: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM presence
       WHERE person_id = :personId AND NOT is_online
         AND changed_at > now() - :withinMs * interval '1 millisecond')
       AND NOT ${ON_A_SOCKET} AND NOT ${IN_A_ROOM} AS gone`,
    { personId, withinMs },
  );
  return rows[0]?.gone === true;
}

/** Renews a process's lease. True when it had none: whoever is there has to be noted again. */
export async function beat(db: Knex, processId: string, leaseMs: number): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { is_new: boolean }[] }>(
    `INSERT INTO presence_processes AS process (id, lease_until)
     VALUES (:processId, now() + :leaseMs * interval '1 millisecond')
     ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
     RETURNING xmax = 0 AS is_new`,
    { processId, leaseMs },
  );
  return rows[0]?.is_new === true;
}

/** The process is over; its people are there no more unless they are elsewhere. */
export async function endProcess(db: Knex, processId: string): Promise<void> {
  await db.raw('DELETE FROM presence_processes WHERE id = ?', [processId]);
}

/** Notes those who have come to a process, and tells of those who were not there before. */
export async function recordComing(
  knex: Knex,
  processId: string,
  personIds: readonly string[],
): Promise<void> {
  if (personIds.length === 0) return;
  await knex.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { id: string; is_edge: boolean }[] }>(
      `WITH came AS (
         SELECT id FROM people WHERE id = ANY(:personIds) ORDER BY id),
       leased AS (
         INSERT INTO presence_leases (person_id, process_id)
         SELECT id, :processId FROM came ON CONFLICT DO NOTHING)
       INSERT INTO presence (person_id, is_online)
       SELECT id, true FROM came ORDER BY id
       ON CONFLICT (person_id) DO UPDATE SET is_online = true, absent_since = NULL,
         changed_at = CASE WHEN presence.is_online THEN presence.changed_at ELSE now() END
       RETURNING person_id AS id, changed_at = now() AS is_edge`,
      { processId, personIds: [...personIds] },
    );
    const came = rows.filter(({ is_edge: isEdge }) => isEdge).map(({ id }) => id);
    await tellOfEdges(trx, came, 'online');
  });
}

/** Notes those who have no socket in the process any more. Whether they are gone shows later. */
export async function recordLeaving(
  db: Knex,
  processId: string,
  personIds: readonly string[],
): Promise<void> {
  if (personIds.length === 0) return;
  await db.raw('DELETE FROM presence_leases WHERE process_id = ? AND person_id = ANY(?)', [
    processId,
    [...personIds],
  ]);
}

/** An absence is noted when it is seen, undone when it was none, and told when it lasts. */
const NOTE_ABSENCES = `
  UPDATE presence SET absent_since = CASE WHEN absent_since IS NULL THEN now() END
  WHERE is_online AND (absent_since IS NULL) <> EXISTS (
    SELECT FROM presence_leases WHERE person_id = presence.person_id)`;

const END_ABSENCES = `
  UPDATE presence SET is_online = false, changed_at = now()
  WHERE is_online AND absent_since <= now() - ? * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM presence_leases WHERE person_id = presence.person_id)
  RETURNING person_id AS id`;

/** Any constant number; only presence uses it. */
const SWEEP_LOCK = 7_600_076;

/**
 * Ends the leases of processes that are dead, and the presence of whoever has been away for
 * `graceMs`: others are told, and `crisis.person_gone` goes out, once for each absence. One sweep at
 * a time; returns who is gone.
 */
export async function sweepPresence(knex: Knex, graceMs: number): Promise<string[]> {
  return knex.transaction(async (trx) => {
    const { rows: locks } = await trx.raw<{ rows: { is_mine: boolean }[] }>(
      'SELECT pg_try_advisory_xact_lock(?) AS is_mine',
      [SWEEP_LOCK],
    );
    if (locks[0]?.is_mine !== true) return [];
    await trx.raw('DELETE FROM presence_processes WHERE lease_until <= now()');
    await trx.raw(NOTE_ABSENCES);
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(END_ABSENCES, [graceMs]);
    const gone = rows.map(({ id }) => id);
    if (gone.length === 0) return [];
    await trx.raw(
      `INSERT INTO outbox (topic, clinic_id, payload)
       SELECT 'crisis.person_gone', clinic_id,
         jsonb_build_object('personId', id, 'because', 'sockets_gone')
       FROM people WHERE id = ANY(?)`,
      [gone],
    );
    await tellOfEdges(trx, gone, 'offline');
    return gone;
  });
}

interface Audience {
  readonly personId: string;
  /** Null for the crisis team. */
  readonly toldId: string | null;
  readonly clinicId: string;
  /** The session in which others know the person by an alias; null for their own name. */
  readonly aliasIn: string | null;
}

/**
 * Those who share an open support session with somebody; of helpers the crisis team, once each.
 * A patient who is anonymous in one session with somebody is so to them altogether.
 */
const AUDIENCE = `
  WITH edge AS (
    SELECT id, clinic_id, verified_at IS NOT NULL AND role IN ('peer', 'counselor') AS is_helper
    FROM people WHERE id = ANY(?))
  SELECT edge.id AS "personId", NULL::uuid AS "toldId", edge.clinic_id AS "clinicId",
    NULL::uuid AS "aliasIn"
  FROM edge WHERE edge.is_helper
  UNION ALL
  SELECT DISTINCT id, told_id, clinic_id, alias_in FROM (
    SELECT edge.id, told.id AS told_id, edge.clinic_id, alias.id AS alias_in,
      bool_or(alias.id IS NOT NULL) OVER (PARTITION BY edge.id, told.id) AS is_hidden
    FROM edge
    JOIN support_participants AS own ON own.person_id = edge.id AND own.left_at IS NULL
    JOIN support_sessions AS session
      ON session.id = own.session_id AND session.status IN ('waiting', 'active')
    CROSS JOIN LATERAL (
      SELECT CASE WHEN session.is_anonymous AND session.patient_id = edge.id
        THEN session.id END AS id) AS alias
    JOIN support_participants AS other
      ON other.session_id = session.id AND other.left_at IS NULL AND other.person_id <> edge.id
        -- Members of a group know nobody by their account.
        AND NOT (own.role = 'member' AND other.role = 'member')
    JOIN people AS told ON told.id = other.person_id
    WHERE NOT (edge.is_helper AND (told.role IN ('admin', 'staff')
      OR (told.role = 'counselor' AND told.verified_at IS NOT NULL)))
  ) AS shared WHERE alias_in IS NOT NULL OR NOT is_hidden`;

async function tellOfEdges(
  trx: Knex.Transaction,
  personIds: readonly string[],
  status: PresenceStatus,
): Promise<void> {
  if (personIds.length === 0) return;
  const { rows } = await trx.raw<{ rows: Audience[] }>(AUDIENCE, [[...personIds]]);
  const messages = rows.map(({ personId, toldId, clinicId, aliasIn }): Broadcast => ({
    room: toldId === null ? `crisis:${clinicId}` : `person:${toldId}`,
    event: 'user-status-change',
    ids: { userId: personId, status, aliasIn },
  }));
  await broadcastAll(trx, messages);
}
