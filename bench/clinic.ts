import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { signAccessToken } from '../api/auth/access-tokens.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { insertFamily } from '../db/tokens.ts';
import { DEFAULT_PLAN } from '../domain/plan.ts';

export interface BenchPerson {
  readonly id: string;
  readonly token: string;
}

/** A clinic of ordinary size whose people were made for this run. */
export interface BenchClinic {
  readonly id: string;
  readonly therapists: readonly BenchPerson[];
  readonly clients: readonly BenchPerson[];
  readonly staff: BenchPerson;
  /** A slot that nobody has had, with the people who take it. */
  nextSlot(): BenchSlot;
}

export interface BenchSlot {
  readonly therapist: BenchPerson;
  readonly client: BenchPerson;
  /** Epoch ms. */
  readonly startsAt: number;
}

export interface ClinicSize {
  readonly therapists: number;
  readonly clients: number;
}

const ORDINARY: ClinicSize = { therapists: 40, clients: 200 };
/** Sessions of 50 minutes with their buffers, around the clock. */
const SLOTS_A_DAY = 24;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TOKEN_TTL_MS = 12 * HOUR_MS;

export async function makeClinic(
  knex: Knex,
  keyRing: KeyRing,
  publicUrl: string,
  size: ClinicSize = ORDINARY,
): Promise<BenchClinic> {
  const id = newId();
  await knex('clinics').insert({ id, name: 'Benchmark', time_zone: 'UTC', currency: 'USD' });
  await insertPlan(knex, id);
  const sign = async (personId: string): Promise<BenchPerson> => {
    const familyId = newId();
    await insertFamily(knex, familyId, personId);
    const auth = { accessTokenTtlMs: TOKEN_TTL_MS, sharedSecret: null } as never;
    const { token } = await signAccessToken({ keyRing, publicUrl, auth }, personId, familyId);
    return { id: personId, token };
  };
  const therapistIds = await insertPeople(knex, id, 'counselor', size.therapists);
  await insertProfiles(knex, id, therapistIds);
  const clientIds = await insertPeople(knex, id, 'patient', size.clients);
  const therapists = await Promise.all(therapistIds.map(sign));
  const clients = await Promise.all(clientIds.map(sign));
  const [staffId] = await insertPeople(knex, id, 'staff', 1);
  const staff = await sign(staffId!);
  return { id, therapists, clients, staff, nextSlot: slotsOf(therapists, clients) };
}

/** The ordinary plan, with room for as many sessions as a benchmark books. */
async function insertPlan(knex: Knex, clinicId: string): Promise<void> {
  const plan = { ...DEFAULT_PLAN, limits: { maxOpenPerClient: 1_000, maxPerClientPerDay: 24 } };
  const row = { id: newId(), clinic_id: clinicId, name: 'ordinary', door: 'therapy' };
  await knex('policies').insert({ ...row, plan: JSON.stringify(plan) });
}

async function insertPeople(
  knex: Knex,
  clinicId: string,
  role: string,
  count: number,
): Promise<string[]> {
  const rows = Array.from({ length: count }, (_, index) => {
    const id = newId();
    const phone = `+1500${String(5_560_000 + index + (role === 'patient' ? 1_000 : 0))}`;
    const account = { email: `${id}@bench.example`, username: `bench-${id}`, phone };
    const verified = { verified_at: new Date(), email_verified_at: new Date() };
    return { id, clinic_id: clinicId, role, first_name: 'Bench', ...account, ...verified };
  });
  await knex('people').insert(rows);
  return rows.map(({ id }) => id);
}

async function insertProfiles(knex: Knex, clinicId: string, ids: readonly string[]): Promise<void> {
  await knex('therapist_profiles').insert(
    ids.map((personId) => ({
      person_id: personId,
      clinic_id: clinicId,
      display_name: 'Bench Therapist',
      verified_at: new Date(),
      time_zone: 'America/New_York',
      specializations: ['anxiety', 'depression'],
      rates_cents: JSON.stringify({ individual: 15_000 }),
    })),
  );
  const days = [0, 1, 2, 3, 4, 5, 6];
  const rules = ids.flatMap((therapistId) =>
    days.map((day) => ({ id: newId(), therapist_id: therapistId, day_of_week: day })),
  );
  await knex('availability_rules').insert(
    rules.map((rule) => ({ ...rule, start_minute: 0, end_minute: 1_440 })),
  );
}

/** Hour by hour, and in each hour every therapist with another client. */
function slotsOf(
  therapists: readonly BenchPerson[],
  clients: readonly BenchPerson[],
): () => BenchSlot {
  const first = Math.ceil(Date.now() / DAY_MS) * DAY_MS + 2 * DAY_MS;
  let taken = 0;
  return () => {
    const hour = Math.floor(taken / therapists.length);
    const index = taken % therapists.length;
    taken += 1;
    // Some hours are left free, as in any calendar.
    const day = Math.floor(hour / (SLOTS_A_DAY / 2));
    const startsAt = first + day * DAY_MS + (hour % (SLOTS_A_DAY / 2)) * 2 * HOUR_MS;
    const client = clients[(index + hour * therapists.length) % clients.length]!;
    return { therapist: therapists[index]!, client, startsAt };
  };
}
