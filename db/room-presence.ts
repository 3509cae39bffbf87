import type { Knex } from 'knex';
import type { RoomRole } from '../domain/room-state.ts';
import { tellAlertOfHolder } from './crisis-sessions.ts';
import { insertOutboxRow } from './outbox.ts';

export type PresenceKind = 'waiting' | 'joined' | 'left';

export interface PresenceChange {
  readonly sessionId: string;
  readonly epoch: number;
  readonly personId: string;
  readonly role: RoomRole;
  readonly kind: PresenceKind;
  readonly at: Date;
}

/**
 * - `came`: somebody's first coming to the session;
 * - `emptied`: the last has left; `filled`: somebody is back in what had emptied.
 */
export type PresenceEdge = 'came' | 'emptied' | 'filled';

interface Standing {
  readonly sequence: number;
  readonly kind: PresenceKind | null;
  readonly others: number;
  /** What was noted of this person last. */
  readonly latest: Date | null;
  /** The latest placement of the room; null where it never had one. */
  readonly epoch: number | null;
}

/** Taken for one session's ledger; any constant number that nothing else uses. */
const LEDGER_LOCK = 9_300_093;

/**
 * Notes that somebody came or went, and tells of it only where it is an edge, in one transaction.
 * What changes nothing is not noted: saying it twice, or after a host has died, does no harm.
 * Resolves to the edge, or null.
 */
export async function recordPresence(
  knex: Knex,
  change: PresenceChange,
): Promise<PresenceEdge | null> {
  return knex.transaction((trx) => note(trx, change));
}

async function note(trx: Knex.Transaction, change: PresenceChange): Promise<PresenceEdge | null> {
  const { sessionId, personId, kind } = change;
  await trx.raw('SELECT pg_advisory_xact_lock(?, hashtext(?))', [LEDGER_LOCK, sessionId]);
  const before = await standingOf(trx, sessionId, personId);
  // A host that wakes up after it has lost the room knows nothing of who is there now.
  if (before.epoch !== null && change.epoch < before.epoch) return null;
  if (!isNews(before.kind, kind)) return null;
  const sequence = before.sequence + 1;
  // Hosts' clocks differ a little; nobody's own time runs back. What is noted of somebody late, once
  // their grace is over, may be earlier than what others did meanwhile.
  const at = before.latest !== null && before.latest > change.at ? before.latest : change.at;
  await trx('room_presence').insert({
    session_id: sessionId,
    sequence,
    person_id: personId,
    role: change.role,
    kind,
    at,
    epoch: change.epoch,
  });
  if (kind === 'joined') await tellAlertOfHolder(trx, { sessionId, personId, at: change.at });
  const edge = edgeOf(before, kind);
  if (edge === null) return null;
  const { rows } = await trx.raw<{ rows: { clinic_id: string }[] }>(
    'SELECT clinic_id FROM people WHERE id = ?',
    [personId],
  );
  const payload = { sessionId, personId, event: edge, sequence, at: at.toISOString() };
  await insertOutboxRow(trx, { topic: 'room.presence', clinicId: rows[0]!.clinic_id, payload });
  return edge;
}

/** Where the ledger stands, and how many others are inside by it. */
async function standingOf(
  trx: Knex.Transaction,
  sessionId: string,
  personId: string,
): Promise<Standing> {
  const { rows } = await trx.raw<{ rows: [Standing] }>(
    `WITH ledger AS (SELECT * FROM room_presence WHERE session_id = :sessionId),
     last AS (SELECT DISTINCT ON (person_id) person_id, kind FROM ledger
       ORDER BY person_id, sequence DESC)
     SELECT (SELECT coalesce(max(sequence), 0) FROM ledger) AS sequence,
       (SELECT max(at) FROM ledger WHERE person_id = :personId) AS latest,
       (SELECT epoch FROM rooms WHERE session_id = :sessionId) AS epoch,
       (SELECT kind FROM last WHERE person_id = :personId) AS kind,
       (SELECT count(*)::int FROM last WHERE kind <> 'left' AND person_id <> :personId) AS others`,
    { sessionId, personId },
  );
  return rows[0];
}

function isNews(before: PresenceKind | null, kind: PresenceKind): boolean {
  if (kind === 'left') return before === 'waiting' || before === 'joined';
  if (kind === 'waiting') return before === null || before === 'left';
  return before !== 'joined';
}

function edgeOf(before: Standing, kind: PresenceKind): PresenceEdge | null {
  if (kind === 'left') return before.others === 0 ? 'emptied' : null;
  if (before.kind === null) return 'came';
  return before.kind === 'left' && before.others === 0 ? 'filled' : null;
}

export interface PersonThere {
  readonly personId: string;
  readonly role: RoomRole;
  readonly kind: 'waiting' | 'joined';
}

/** Who is in a session's room by the ledger: after a host has died, those who may come back. */
export async function peopleThere(db: Knex, sessionId: string): Promise<PersonThere[]> {
  const { rows } = await db.raw<{ rows: PersonThere[] }>(
    `SELECT person_id AS "personId", role, kind FROM (
       SELECT DISTINCT ON (person_id) person_id, role, kind FROM room_presence
       WHERE session_id = ? ORDER BY person_id, sequence DESC) AS last
     WHERE kind <> 'left'`,
    [sessionId],
  );
  return rows;
}

/** Whether somebody was ever let in to a session's room. */
export async function wasInside(db: Knex, sessionId: string, personId: string): Promise<boolean> {
  const key = { session_id: sessionId, person_id: personId, kind: 'joined' };
  return (await db('room_presence').where(key).first('sequence')) !== undefined;
}

/** When the first was let in to a session's room; null where nobody was. */
export async function firstInside(db: Knex, sessionId: string): Promise<Date | null> {
  const row: { at: Date } | undefined = await db('room_presence')
    .where({ session_id: sessionId, kind: 'joined' })
    .orderBy('at')
    .first('at');
  return row?.at ?? null;
}

export interface PresenceSummary {
  /** The last row of the ledger that it rests on. */
  readonly sequence: number;
  /** Everybody who came, and when first. */
  readonly came: ReadonlyMap<string, Date>;
  /** Since when nobody is there; null while somebody is. */
  readonly emptySince: Date | null;
}

/** What a session's workflow is told; null where nobody came. */
export async function presenceSummary(
  db: Knex,
  sessionId: string,
): Promise<PresenceSummary | null> {
  const { rows } = await db.raw<{
    rows: { personId: string; kind: PresenceKind; sequence: number; at: Date; first: Date }[];
  }>(
    `SELECT DISTINCT ON (person_id) person_id AS "personId", kind, sequence, at,
       min(at) OVER (PARTITION BY person_id) AS first
     FROM room_presence WHERE session_id = ? ORDER BY person_id, sequence DESC`,
    [sessionId],
  );
  if (rows.length === 0) return null;
  const latest = rows.reduce((one, other) => (one.sequence > other.sequence ? one : other));
  return {
    sequence: latest.sequence,
    came: new Map(rows.map(({ personId, first }) => [personId, first])),
    emptySince: rows.every(({ kind }) => kind === 'left') ? lastOf(rows) : null,
  };
}

function lastOf(rows: readonly { readonly at: Date }[]): Date {
  return new Date(Math.max(...rows.map(({ at }) => at.getTime())));
}

/**
 * Those whose room died and was not opened again within the grace left when it died. Resolves to how
 * many were found; safe to run anywhere, any number of times at once.
 */
export async function endAbandonedPresence(
  knex: Knex,
  graceMs: number,
  limit = 100,
): Promise<number> {
  const { rows } = await knex.raw<{ rows: (Omit<PresenceChange, 'kind'> & { kind: string })[] }>(
    `SELECT DISTINCT ON (presence.session_id, presence.person_id)
       presence.session_id AS "sessionId", presence.person_id AS "personId", presence.role,
       presence.kind, room.epoch, coalesce(room.closed_at, room.lease_until) AS at
     FROM rooms AS room JOIN room_presence AS presence ON presence.session_id = room.session_id
     WHERE coalesce(room.closed_at, room.lease_until)
         < clock_timestamp() - :graceMs * interval '1 millisecond'
       AND coalesce(room.closed_at, room.lease_until) > clock_timestamp() - interval '2 days'
     ORDER BY presence.session_id, presence.person_id, presence.sequence DESC`,
    { graceMs },
  );
  const abandoned = rows.filter(({ kind }) => kind !== 'left').slice(0, limit);
  for (const row of abandoned) {
    await knex.transaction(async (trx) => {
      // Whoever opens the room anew meanwhile looks after its people.
      const live = await trx.raw<{ rows: unknown[] }>(
        `SELECT FROM rooms WHERE session_id = ? AND state = 'open'
           AND lease_until > clock_timestamp() FOR SHARE`,
        [row.sessionId],
      );
      if (live.rows.length === 0) await note(trx, { ...row, kind: 'left' });
    });
  }
  return abandoned.length;
}
