import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { DEFAULT_PLAN } from '../domain/plan.ts';
import type { Plan } from '../domain/plan.ts';
import { addPurchasedCredits } from './credits.ts';
import { DOORS, DOOR_PLANS } from './policies.ts';
import { seedCrisis } from './seed-crisis.ts';
import {
  DEMO_CLINIC,
  DEMO_CREDIT_CENTS,
  DEMO_PASSWORD,
  DEMO_PEOPLE,
  quickPlan,
} from './seed-data.ts';
import type { DemoPerson, DemoTherapist } from './seed-data.ts';
import { seedDesk } from './seed-desk.ts';

export interface SeedOptions {
  readonly knex: Knex;
  /** Hashes a password the way that signing in expects. */
  readonly passwordHash: (plain: string) => Promise<string>;
  /** Epoch milliseconds; when the demo people were verified. */
  readonly now: number;
}

export interface SeededPerson {
  readonly id: string;
  readonly role: DemoPerson['role'];
  readonly email: string;
  readonly password: string;
  readonly therapistId?: string;
}

export interface SeededClinic {
  readonly clinicId: string;
  readonly people: readonly SeededPerson[];
}

/** Distinct from every other advisory lock of the product. */
const SEED_LOCK = 4_711_001;

/**
 * Makes the demo clinic where it isn't there yet. What exists is left as it is, whatever people
 * have made of it since: a second run changes nothing, and two at once wait for each other. Whoever
 * was erased stays so, and is not among its people any more.
 */
export async function seedDemo(options: SeedOptions): Promise<SeededClinic> {
  await options.knex.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?)', [SEED_LOCK]);
    if (await isComplete(trx)) return;
    await seedClinic(trx);
    await seedPeople(trx, options);
    await seedPolicies(trx);
    await seedRelationship(trx);
    await seedCredits(trx);
    const { id } = firstOf((person) => person.role === 'patient');
    await seedDesk(trx, id, options.now);
    await seedCrisis(trx, onCallPeople());
  });
  const erased = await options.knex('people').whereNotNull('erased_at').pluck('id');
  const people = DEMO_PEOPLE.filter(({ id }) => !erased.includes(id)).map(seededPerson);
  return { clinicId: DEMO_CLINIC.id, people };
}

/** The crisis therapist, and a colleague every other week. */
function onCallPeople(): string[] {
  const therapist = firstOf((person) => person.therapist?.isCrisisTherapist === true);
  return [therapist.id, firstOf((person) => person.therapist !== undefined).id];
}

export function demoEmail(person: DemoPerson): string {
  return `${person.username}@harbor.example`;
}

function seededPerson(person: DemoPerson): SeededPerson {
  return {
    id: person.id,
    role: person.role,
    email: demoEmail(person),
    password: DEMO_PASSWORD,
    ...(person.therapist === undefined ? {} : { therapistId: person.id }),
  };
}

/** Saves the costly password hashes of every later start. */
async function isComplete(trx: Knex.Transaction): Promise<boolean> {
  const ids = DEMO_PEOPLE.map((person) => person.id);
  const { rows } = await trx.raw<{ rows: { known: number }[] }>(
    'SELECT count(*)::int AS known FROM people WHERE id = ANY (?)',
    [ids],
  );
  return rows[0]?.known === ids.length;
}

async function seedClinic(trx: Knex.Transaction): Promise<void> {
  await trx.raw(
    `INSERT INTO clinics (id, name, time_zone, currency) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    [DEMO_CLINIC.id, DEMO_CLINIC.name, DEMO_CLINIC.timeZone, DEMO_CLINIC.currency],
  );
}

async function seedPeople(trx: Knex.Transaction, options: SeedOptions): Promise<void> {
  const hash = await options.passwordHash(DEMO_PASSWORD);
  const verifiedAt = new Date(options.now);
  for (const person of DEMO_PEOPLE) {
    await insertPerson(trx, person, hash, verifiedAt);
    if (person.therapist !== undefined) {
      await insertTherapist(trx, person, person.therapist, verifiedAt);
    }
  }
}

async function insertPerson(
  trx: Knex.Transaction,
  person: DemoPerson,
  passwordHash: string,
  verifiedAt: Date,
): Promise<void> {
  await trx('people')
    .insert({
      id: person.id,
      clinic_id: DEMO_CLINIC.id,
      role: person.role,
      username: person.username,
      email: demoEmail(person),
      password_hash: passwordHash,
      first_name: person.firstName,
      last_name: person.lastName,
      phone: person.phone,
      phone_verified_at: verifiedAt,
      time_zone: person.timeZone,
      language: person.language,
      email_verified_at: verifiedAt,
      verified_at: verifiedAt,
      terms_agreed_at: verifiedAt,
      privacy_agreed_at: verifiedAt,
    })
    .onConflict()
    .ignore();
}

async function insertTherapist(
  trx: Knex.Transaction,
  person: DemoPerson,
  therapist: DemoTherapist,
  verifiedAt: Date,
): Promise<void> {
  const inserted: unknown[] = await trx('therapist_profiles')
    .insert({
      person_id: person.id,
      clinic_id: DEMO_CLINIC.id,
      display_name: therapist.displayName,
      verified_at: verifiedAt,
      time_zone: person.timeZone,
      accepts_automatically: therapist.acceptsAutomatically ?? false,
      buffer_after_minutes: therapist.bufferAfterMinutes ?? 10,
      minimum_notice_minutes: therapist.minimumNoticeMinutes ?? 120,
      durations_minutes: therapist.durationsMinutes,
      session_types: therapist.sessionTypes,
      specializations: therapist.specializations,
      languages: therapist.languages,
      insurers: therapist.insurers,
      rates_cents: JSON.stringify(therapist.ratesCents),
      is_crisis_therapist: therapist.isCrisisTherapist ?? false,
      is_on_call: therapist.isCrisisTherapist ?? false,
      rating_sum: therapist.ratings?.sum ?? 0,
      rating_count: therapist.ratings?.count ?? 0,
      completed_sessions: therapist.completedSessions ?? 0,
    })
    .onConflict()
    .ignore()
    .returning('person_id');
  // Only a new profile gets hours, so that hours which somebody has removed stay removed.
  if (inserted.length > 0) await insertHours(trx, person.id, therapist);
}

async function insertHours(
  trx: Knex.Transaction,
  therapistId: string,
  therapist: DemoTherapist,
): Promise<void> {
  const rows = therapist.hours.flatMap((hours) =>
    hours.days.map((day) => ({
      id: newId(),
      therapist_id: therapistId,
      day_of_week: day,
      start_minute: hours.startMinute,
      end_minute: hours.endMinute,
    })),
  );
  await trx('availability_rules').insert(rows);
}

async function seedPolicies(trx: Knex.Transaction): Promise<void> {
  for (const door of DOORS)
    await insertPlan(trx, `${door}: ordinary`, door, null, DOOR_PLANS[door]);
  await insertPlan(trx, 'therapy: quick', 'therapy', 'demo', quickPlan(DEFAULT_PLAN));
}

async function insertPlan(
  trx: Knex.Transaction,
  name: string,
  door: string,
  sessionType: string | null,
  plan: Plan,
): Promise<void> {
  await trx.raw(
    `INSERT INTO policies (id, clinic_id, name, door, session_type, plan)
     VALUES (?, ?, ?, ?, ?, ?::jsonb) ON CONFLICT DO NOTHING`,
    [newId(), DEMO_CLINIC.id, name, door, sessionType, JSON.stringify(plan)],
  );
}

function firstOf(matches: (person: DemoPerson) => boolean): DemoPerson {
  const found = DEMO_PEOPLE.find(matches);
  if (found === undefined) throw new Error('The demo clinic lacks one of its people');
  return found;
}

async function seedRelationship(trx: Knex.Transaction): Promise<void> {
  const patient = firstOf((person) => person.role === 'patient');
  const therapist = firstOf((person) => person.therapist !== undefined);
  await trx.raw(
    `INSERT INTO relationships (id, clinic_id, therapist_id, client_id)
     VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [newId(), DEMO_CLINIC.id, therapist.id, patient.id],
  );
}

/** Credits as if the first patient had bought them. */
async function seedCredits(trx: Knex.Transaction): Promise<void> {
  const patient = firstOf((person) => person.role === 'patient');
  await addPurchasedCredits(trx, {
    personId: patient.id,
    clinicId: DEMO_CLINIC.id,
    purchaseId: patient.id,
    amountCents: DEMO_CREDIT_CENTS,
    providerRef: 'demo',
  });
}
