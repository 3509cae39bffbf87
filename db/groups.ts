import type { Knex } from 'knex';
import { SEATED_STATES } from '../domain/enrolment.ts';
import { HoldfastError } from '../domain/errors.ts';
import { Group } from './models/group.ts';

export type GroupFields = Pick<
  Group,
  | 'name'
  | 'theme'
  | 'guidelines'
  | 'materials'
  | 'format'
  | 'capacity'
  | 'min_members'
  | 'decide_before_minutes'
  | 'duration_minutes'
  | 'price_cents'
  | 'joinable_by'
  | 'time_zone'
  | 'weekly_times'
  | 'is_active'
>;

export type NewGroup = GroupFields &
  Pick<Group, 'id' | 'clinic_id' | 'therapist_id' | 'created_by'>;

/** The same id again gives the group that the first attempt made. */
export async function insertGroup(trx: Knex, group: NewGroup): Promise<Group> {
  await Group.query(trx).insert(group).onConflict('id').ignore();
  return Group.query(trx).findById(group.id).throwIfNotFound();
}

export async function findGroup(knex: Knex, clinicId: string, id: string): Promise<Group | null> {
  const group = await Group.query(knex).findOne({ id, clinic_id: clinicId });
  return group ?? null;
}

export interface GroupPage {
  readonly clinicId: string;
  /** Null for the groups of all therapists. */
  readonly therapistId: string | null;
  readonly activeOnly: boolean;
  readonly after: string | null;
  readonly limit: number;
}

export async function listGroups(knex: Knex, page: GroupPage): Promise<Group[]> {
  const { clinicId, therapistId, activeOnly, after, limit } = page;
  return Group.query(knex)
    .where({
      clinic_id: clinicId,
      ...(therapistId === null ? {} : { therapist_id: therapistId }),
      ...(activeOnly ? { is_active: true } : {}),
    })
    .modify((query) => (after === null ? query : query.where('id', '>', after)))
    .orderBy('id')
    .limit(limit);
}

/** Changes a group; its sessions keep the terms that they were made with. Throws `version_conflict`. */
export async function updateGroup(
  trx: Knex,
  id: string,
  fields: Partial<GroupFields>,
  expectedVersion: number | null,
): Promise<Group> {
  const changed = await Group.query(trx)
    .findById(id)
    .modify((query) =>
      expectedVersion === null ? query : query.where({ version: expectedVersion }),
    )
    .patch({ ...fields, version: trx.raw('version + 1'), updated_at: trx.fn.now() } as never);
  if (changed === 0) {
    throw new HoldfastError('version_conflict', 'The group has been changed since it was read.');
  }
  return Group.query(trx).findById(id).throwIfNotFound();
}

/** An upcoming session of a group, and how many of its seats are taken. */
export interface UpcomingSession {
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly capacity: number;
  readonly seats: number;
}

/** A group's sessions that can still be joined by the clock, the next one first. */
export async function upcomingSessions(
  knex: Knex,
  groupIds: readonly string[],
  limitEach = 20,
): Promise<(UpcomingSession & { readonly groupId: string })[]> {
  if (groupIds.length === 0) return [];
  const result = await knex.raw(
    `SELECT listed."groupId", session.*
     FROM unnest(?::uuid[]) AS listed ("groupId") CROSS JOIN LATERAL (
       SELECT id, starts_at AS "startsAt", ends_at AS "endsAt",
         (group_terms->>'capacity')::int AS capacity,
         (SELECT count(*)::int FROM enrolments
          WHERE session_id = sessions.id AND state = ANY (?)) AS seats
       FROM sessions
       WHERE group_id = listed."groupId" AND status = 'confirmed' AND starts_at > clock_timestamp()
       ORDER BY starts_at, id LIMIT ?) session
     ORDER BY "startsAt", id`,
    [[...groupIds], [...SEATED_STATES], limitEach],
  );
  return result.rows;
}

/** The starts, epoch ms, that a group has had a session for, whatever has become of it. */
export async function knownStarts(
  knex: Knex,
  groupId: string,
  fromMs: number,
): Promise<ReadonlySet<number>> {
  const rows = await knex('sessions')
    .where({ group_id: groupId })
    .where('starts_at', '>=', new Date(fromMs))
    .select('starts_at');
  return new Set(rows.map(({ starts_at }: { starts_at: Date }) => starts_at.getTime()));
}

/** Whoever makes a session that nobody has planned takes turns with all others of the group. */
export async function lockGroup(trx: Knex.Transaction, id: string): Promise<void> {
  await trx('therapy_groups').where({ id }).forUpdate().first('id');
}

export async function findGroupsByIds(
  knex: Knex,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Group>> {
  const groups = await Group.query(knex).findByIds([...ids]);
  return new Map(groups.map((group) => [group.id, group]));
}

/** Whom the groups of a clinic are led by, as everybody may know them. */
export async function therapistNames(
  knex: Knex,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await knex('therapist_profiles')
    .whereIn('person_id', [...ids])
    .select('person_id', 'display_name');
  return new Map(
    rows.map(({ person_id, display_name }: { person_id: string; display_name: string }) => [
      person_id,
      display_name,
    ]),
  );
}
