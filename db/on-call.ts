import type { Knex } from 'knex';
import type { PageChannel, PageTeam } from '../domain/escalation-policy.ts';
import type { EscalationContext, OnCallView } from '../domain/escalation.ts';
import { shiftsBetween } from '../domain/rosters.ts';
import { readEscalationPolicies } from './escalation-policies.ts';
import { RosterModel } from './models/roster.ts';
import { expandRosters, MOST_ROSTERS } from './rosters.ts';

/** Who can be paged at all: verified helpers and those who run the clinic, nobody suspended. */
export const PAGEABLE = `person.suspended_at IS NULL AND (person.role IN ('staff', 'admin')
  OR (person.role IN ('peer', 'counselor') AND person.verified_at IS NOT NULL))`;

interface PagedPerson {
  readonly id: string;
  readonly role: string;
  readonly isCrisisTherapist: boolean;
  readonly hasVerifiedPhone: boolean;
}

/**
 * All that the next pages of a clinic's alert are decided by, as it is now. Shifts are instants,
 * expanded `horizonMs` ahead. A phone that nobody has verified is not rung: whoever answers it
 * could acknowledge.
 */
export async function readEscalationContext(
  db: Knex,
  clinicId: string,
  nowMs: number,
  horizonMs: number,
): Promise<EscalationContext> {
  const [{ effective }, people, rosters] = await Promise.all([
    readEscalationPolicies(db, clinicId),
    readPeople(db, clinicId),
    RosterModel.query(db).where({ clinic_id: clinicId }).orderBy('id').limit(MOST_ROSTERS),
  ]);
  const stretch = { fromMs: nowMs, toMs: nowMs + horizonMs };
  const expanded = await expandRosters(db, rosters, stretch);
  const shifts: OnCallView['shifts'] = Object.fromEntries(
    [...expanded].map(([id, roster]) => [id, shiftsBetween(roster, nowMs, stretch.toMs)]),
  );
  const reach = Object.fromEntries(people.map((person) => [person.id, channelsOf(person)]));
  return { policies: effective, view: { shifts, teams: teamsOf(people), reach } };
}

async function readPeople(db: Knex, clinicId: string): Promise<PagedPerson[]> {
  const { rows } = await db.raw<{ rows: PagedPerson[] }>(
    `SELECT person.id, person.role,
       coalesce(profile.is_crisis_therapist OR profile.is_on_call, false)
         AND profile.verified_at IS NOT NULL AS "isCrisisTherapist",
       person.phone IS NOT NULL AND person.phone_verified_at IS NOT NULL AS "hasVerifiedPhone"
     FROM people AS person LEFT JOIN therapist_profiles AS profile ON profile.person_id = person.id
     WHERE person.clinic_id = ? AND person.role <> 'patient' AND ${PAGEABLE} ORDER BY person.id`,
    [clinicId],
  );
  return rows;
}

function channelsOf({ hasVerifiedPhone }: PagedPerson): PageChannel[] {
  return hasVerifiedPhone ? ['socket', 'sms', 'voice'] : ['socket'];
}

function teamsOf(people: readonly PagedPerson[]): Record<PageTeam, string[]> {
  const ids = (matches: (person: PagedPerson) => boolean): string[] =>
    people.filter(matches).map(({ id }) => id);
  return {
    crisis_team: ids((person) => person.isCrisisTherapist),
    counselors: ids(({ role }) => role === 'counselor'),
    admins: ids(({ role }) => role === 'admin'),
  };
}

/** Those of `personIds` who can't be on call for a clinic, because it can't page them. */
export async function findUnpageable(
  db: Knex,
  clinicId: string,
  personIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT wanted.id FROM unnest(?::uuid[]) AS wanted (id)
     WHERE NOT EXISTS (SELECT FROM people AS person
       WHERE person.id = wanted.id AND person.clinic_id = ? AND ${PAGEABLE})`,
    [[...new Set(personIds)], clinicId],
  );
  return rows.map(({ id }) => id);
}
