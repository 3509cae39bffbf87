import type { Knex } from 'knex';

/** Lists that forms offer. What nobody can choose any more is shown on request only. */
export const DIRECTORY_TYPES = [
  'therapists',
  'clients',
  'locations',
  'services',
  'session_types',
  'specializations',
  'insurers',
] as const;

export type DirectoryType = (typeof DIRECTORY_TYPES)[number];

export interface DirectoryQuestion {
  readonly clinicId: string;
  /** Whose clients and calendar are meant; null means the whole clinic. */
  readonly therapistId: string | null;
  readonly types: readonly DirectoryType[];
  readonly includeInactive: boolean;
}

export interface Directory {
  /** The stamp of the clinic at which the lists were true. */
  readonly version: string;
  readonly lists: Readonly<Partial<Record<DirectoryType, readonly unknown[]>>>;
}

const VERSION = `coalesce((SELECT version FROM directory_stamps WHERE clinic_id = :clinicId), 0)::text`;

/** What changes with every change of a clinic's directory, whichever process makes it. */
export async function directoryVersion(knex: Knex, clinicId: string): Promise<string> {
  const { rows } = await knex.raw<{ rows: { version: string }[] }>(`SELECT ${VERSION} AS version`, {
    clinicId,
  });
  return rows[0]!.version;
}

/** Names and ids alone: no addresses, since a browser on a shared desk may keep what it shows. */
const LISTS: Readonly<Record<DirectoryType, string>> = {
  therapists: `
    SELECT profile.person_id AS id, profile.display_name AS name, profile.specializations,
      profile.session_types, profile.time_zone,
      (profile.verified_at IS NOT NULL AND person.suspended_at IS NULL) AS is_active
    FROM therapist_profiles profile JOIN people person ON person.id = profile.person_id
    WHERE profile.clinic_id = :clinicId
      AND (:therapistId::uuid IS NULL OR profile.person_id = :therapistId::uuid)`,
  clients: `
    SELECT id, coalesce(preferred_name, first_name) || ' ' || last_name AS name,
      suspended_at IS NULL AS is_active
    FROM people
    WHERE clinic_id = :clinicId AND role = 'patient'
      AND (:therapistId::uuid IS NULL OR EXISTS (SELECT FROM relationships
        WHERE therapist_id = :therapistId::uuid AND client_id = people.id AND ended_at IS NULL))`,
  locations: `SELECT id, name, location_type, address, is_active
    FROM locations WHERE clinic_id = :clinicId`,
  services: `
    SELECT services.id, services.name, session_type, duration_minutes,
      price_cents / 100.0 AS price, clinics.currency, paid_by, is_active
    FROM services JOIN clinics ON clinics.id = services.clinic_id
    WHERE services.clinic_id = :clinicId`,
  session_types: `
    SELECT id, id AS name, true AS is_active FROM (
      SELECT unnest(session_types) AS id FROM therapist_profiles
      WHERE clinic_id = :clinicId AND verified_at IS NOT NULL
      UNION SELECT session_type FROM services
      WHERE clinic_id = :clinicId AND is_active) offered`,
  specializations: `
    SELECT DISTINCT id, id AS name, true AS is_active
    FROM therapist_profiles, unnest(specializations) AS id
    WHERE clinic_id = :clinicId AND verified_at IS NOT NULL`,
  insurers: `
    SELECT DISTINCT id, id AS name, true AS is_active
    FROM therapist_profiles, unnest(insurers) AS id
    WHERE clinic_id = :clinicId AND verified_at IS NOT NULL`,
};

/** The lists together with the stamp, as they are at one and the same instant. */
export async function readDirectory(knex: Knex, question: DirectoryQuestion): Promise<Directory> {
  const { clinicId, therapistId, types, includeInactive } = question;
  const columns = types.map(
    (type) => `(SELECT coalesce(json_agg(listed ORDER BY name, id), '[]')
      FROM (${LISTS[type]}) listed
      WHERE :includeInactive::boolean OR is_active) AS ${type}`,
  );
  const { rows } = await knex.raw<{ rows: Record<string, unknown>[] }>(
    `SELECT ${[`${VERSION} AS version`, ...columns].join(', ')}`,
    { clinicId, therapistId, includeInactive } as never,
  );
  const { version, ...lists } = rows[0]!;
  return { version: String(version), lists } as Directory;
}
