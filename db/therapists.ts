import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import type { SessionFormat } from './sessions.ts';

/** A therapist's profile and settings. Money is minor units, lengths of time are minutes. */
export interface Therapist {
  readonly id: string;
  readonly clinicId: string;
  readonly displayName: string;
  readonly isVerified: boolean;
  readonly acceptsClients: boolean;
  readonly timeZone: string;
  readonly acceptsAutomatically: boolean;
  readonly bufferBeforeMinutes: number;
  readonly bufferAfterMinutes: number;
  readonly minimumNoticeMinutes: number;
  readonly durationsMinutes: readonly number[];
  readonly sessionTypes: readonly string[];
  readonly sessionFormats: readonly SessionFormat[];
  readonly specializations: readonly string[];
  readonly languages: readonly string[];
  readonly insurers: readonly string[];
  /** Price of a session in minor units, by its type. */
  readonly ratesCents: Readonly<Record<string, number>>;
  readonly isCrisisTherapist: boolean;
  readonly isOnCall: boolean;
  readonly ratingSum: number;
  readonly ratingCount: number;
  readonly completedSessions: number;
  readonly version: number;
}

/** The row of a profile, with what its person says about it. */
export interface TherapistRow {
  readonly person_id: string;
  readonly clinic_id: string;
  readonly display_name: string;
  readonly is_verified: boolean;
  readonly accepts_clients: boolean;
  readonly time_zone: string;
  readonly accepts_automatically: boolean;
  readonly buffer_before_minutes: number;
  readonly buffer_after_minutes: number;
  readonly minimum_notice_minutes: number;
  readonly durations_minutes: number[];
  readonly session_types: string[];
  readonly session_formats: SessionFormat[];
  readonly specializations: string[];
  readonly languages: string[];
  readonly insurers: string[];
  readonly rates_cents: Record<string, number>;
  readonly is_crisis_therapist: boolean;
  readonly is_on_call: boolean;
  readonly rating_sum: number;
  readonly rating_count: number;
  readonly completed_sessions: number;
  readonly version: number;
}

/** Needs `therapist_profiles AS profile` and `people AS person`. */
export const THERAPIST_COLUMNS = `profile.person_id, profile.clinic_id, profile.display_name,
  (profile.verified_at IS NOT NULL AND person.suspended_at IS NULL) AS is_verified,
  profile.accepts_clients, profile.time_zone, profile.accepts_automatically,
  profile.buffer_before_minutes, profile.buffer_after_minutes, profile.minimum_notice_minutes,
  profile.durations_minutes, profile.session_types, profile.session_formats,
  profile.specializations, profile.languages, profile.insurers, profile.rates_cents,
  profile.is_crisis_therapist, profile.is_on_call, profile.rating_sum, profile.rating_count,
  profile.completed_sessions, profile.version`;

export function therapistFrom(row: TherapistRow): Therapist {
  return {
    id: row.person_id,
    clinicId: row.clinic_id,
    displayName: row.display_name,
    isVerified: row.is_verified,
    acceptsClients: row.accepts_clients,
    timeZone: row.time_zone,
    acceptsAutomatically: row.accepts_automatically,
    bufferBeforeMinutes: row.buffer_before_minutes,
    bufferAfterMinutes: row.buffer_after_minutes,
    minimumNoticeMinutes: row.minimum_notice_minutes,
    durationsMinutes: row.durations_minutes,
    sessionTypes: row.session_types,
    sessionFormats: row.session_formats,
    specializations: row.specializations,
    languages: row.languages,
    insurers: row.insurers,
    ratesCents: row.rates_cents,
    isCrisisTherapist: row.is_crisis_therapist,
    isOnCall: row.is_on_call,
    ratingSum: row.rating_sum,
    ratingCount: row.rating_count,
    completedSessions: row.completed_sessions,
    version: row.version,
  };
}

/** A clinic's therapist, verified or not; null where the clinic has none of this id. */
export async function findTherapist(
  db: Knex,
  clinicId: string,
  id: string,
): Promise<Therapist | null> {
  const { rows } = await db.raw<{ rows: TherapistRow[] }>(
    `SELECT ${THERAPIST_COLUMNS} FROM therapist_profiles profile
     JOIN people person ON person.id = profile.person_id
     WHERE profile.person_id = ? AND profile.clinic_id = ?`,
    [id, clinicId],
  );
  return rows[0] === undefined ? null : therapistFrom(rows[0]);
}

/** What a therapist decides for themselves; left out means unchanged. */
export interface TherapistSettings {
  readonly displayName?: string;
  readonly acceptsClients?: boolean;
  readonly timeZone?: string;
  readonly acceptsAutomatically?: boolean;
  readonly bufferBeforeMinutes?: number;
  readonly bufferAfterMinutes?: number;
  readonly minimumNoticeMinutes?: number;
  readonly durationsMinutes?: readonly number[];
  readonly sessionTypes?: readonly string[];
  readonly sessionFormats?: readonly SessionFormat[];
  readonly specializations?: readonly string[];
  readonly languages?: readonly string[];
  readonly insurers?: readonly string[];
  readonly ratesCents?: Readonly<Record<string, number>>;
}

const COLUMN_OF: Readonly<Record<keyof TherapistSettings, string>> = {
  displayName: 'display_name',
  acceptsClients: 'accepts_clients',
  timeZone: 'time_zone',
  acceptsAutomatically: 'accepts_automatically',
  bufferBeforeMinutes: 'buffer_before_minutes',
  bufferAfterMinutes: 'buffer_after_minutes',
  minimumNoticeMinutes: 'minimum_notice_minutes',
  durationsMinutes: 'durations_minutes',
  sessionTypes: 'session_types',
  sessionFormats: 'session_formats',
  specializations: 'specializations',
  languages: 'languages',
  insurers: 'insurers',
  ratesCents: 'rates_cents',
};

function columnsOf(settings: TherapistSettings): Record<string, unknown> {
  const entries = Object.entries(settings) as [keyof TherapistSettings, unknown][];
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        COLUMN_OF[name],
        name === 'ratesCents' ? JSON.stringify(value) : value,
      ]),
  );
}

/**
 * Changes a therapist's settings and counts their version up. `expectedVersion` null changes
 * whichever version there is. Throws `not_found` or `version_conflict`.
 */
export async function changeSettings(
  trx: Knex.Transaction,
  clinicId: string,
  id: string,
  settings: TherapistSettings,
  expectedVersion: number | null,
): Promise<{ before: Therapist; after: Therapist }> {
  await trx('therapist_profiles').select('person_id').where({ person_id: id }).forNoKeyUpdate();
  const before = await findTherapist(trx, clinicId, id);
  if (before === null) throw new HoldfastError('not_found', 'There is no such therapist');
  if (expectedVersion !== null && expectedVersion !== before.version) {
    throw new HoldfastError('version_conflict', 'Somebody has changed these settings meanwhile', {
      currentVersion: before.version,
    });
  }
  await trx('therapist_profiles')
    .where({ person_id: id })
    .update({ ...columnsOf(settings), version: before.version + 1, updated_at: trx.fn.now() });
  const after = await findTherapist(trx, clinicId, id);
  if (after === null) throw new HoldfastError('not_found', 'There is no such therapist');
  return { before, after };
}
