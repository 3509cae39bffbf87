import { v7 as newId } from 'uuid';
import { DEFAULT_PLAN, type Plan } from '../../domain/plan.ts';
import type { NewTestPerson, TestApi, TestPerson } from './api.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long before the start the one reminder of {@link QUICK_PLAN} is due. */
export const REMINDER_BEFORE_MS = HOUR_MS;

/** Deadlines that no test reaches by accident; everything else happens at once. */
export const QUICK_PLAN: Plan = {
  ...DEFAULT_PLAN,
  approval: { by: 'therapist', ttlMs: 30 * MINUTE_MS },
  payment: { ...DEFAULT_PLAN.payment, ttlMs: 30 * MINUTE_MS, dueBeforeStartMs: 0 },
  reminders: [{ beforeStartMs: REMINDER_BEFORE_MS, channels: ['sms'] }],
  receiptWindowMs: 2 * SECOND_MS,
  room: null,
  noShowGraceMs: 0,
  attendanceWindowMs: HOUR_MS,
  followUp: null,
  cancellation: { freeUntilBeforeStartMs: 2 * MINUTE_MS, feePercent: 50 },
  rescheduleUntilBeforeStartMs: 0,
  buffers: { beforeMs: 0, afterMs: 0 },
  minimumNoticeMs: 0,
  limits: { maxOpenPerClient: 1_000, maxPerClientPerDay: 1_000 },
};

export const PRICE_CENTS = 15_000;

/** What the therapists of the clinic book under from now on. */
export async function setPlan({ knex, clinicId }: TestApi, plan: Plan): Promise<void> {
  await knex('policies').where({ clinic_id: clinicId }).delete();
  await knex('policies').insert({
    id: newId(),
    clinic_id: clinicId,
    name: 'quick',
    door: 'therapy',
    plan: JSON.stringify(plan),
  });
}

/** A therapist who works around the clock and offers sessions of one minute and more. */
export async function addTherapist(
  api: TestApi,
  profile: Readonly<Record<string, unknown>> = {},
): Promise<TestPerson> {
  const person = await api.person({ isTherapist: true, phone: nextPhone() });
  await api
    .knex('therapist_profiles')
    .where({ person_id: person.id })
    .update({
      durations_minutes: [1, 50],
      buffer_after_minutes: 0,
      minimum_notice_minutes: 0,
      rates_cents: JSON.stringify({ individual: PRICE_CENTS }),
      ...profile,
    });
  await api.knex('availability_rules').insert(
    [0, 1, 2, 3, 4, 5, 6].map((day) => ({
      id: newId(),
      therapist_id: person.id,
      day_of_week: day,
      start_minute: 0,
      end_minute: 1_440,
    })),
  );
  return person;
}

export type TestClient = TestPerson & { readonly phone: string };

/** A patient with a telephone of their own. A session of one minute costs {@link PRICE_CENTS}. */
export async function addClient(api: TestApi, person: NewTestPerson = {}): Promise<TestClient> {
  const phone = person.phone ?? nextPhone();
  return { ...(await api.person({ ...person, phone })), phone };
}

let phones = 0;

export function nextPhone(): string {
  phones += 1;
  return `+1415555${String(2_000 + phones)}`;
}
