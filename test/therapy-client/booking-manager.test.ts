import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { addPurchasedCredits } from '../../db/credits.ts';
import { DEFAULT_PLAN } from '../../domain/plan.ts';
import type { TestPerson } from '../support/api.ts';
import { addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import {
  type ApiClient,
  BOOKING_ERRORS,
  TherapyBookingManager,
  handleBookingError,
} from './therapy-booking-manager.js';

type Data = Record<string, unknown>;

/** A person in front of the published client, and the last answer that it was given. */
interface Seat {
  readonly person: TestPerson;
  readonly manager: TherapyBookingManager;
  last(): { success: boolean; error?: Data };
}

interface Slot {
  readonly start_time: string;
  readonly end_time: string;
}

const CONSENT = { therapy_agreement: true, privacy_policy: true, cancellation_policy: true };
const DAY_MS = 86_400_000;

let server: TestWorkflowEnvironment;
let stack: Stack;
let therapist: TestPerson;
let day = 10;

beforeAll(async () => {
  server = await devServer();
  const limits = { maxOpenPerClient: 100, maxPerClientPerDay: 100 };
  stack = await startStack(server, { plan: { ...DEFAULT_PLAN, limits } });
  await stack.startWorker();
  therapist = await addTherapist(stack.api, {
    durations_minutes: [50],
    specializations: ['anxiety'],
    languages: ['en'],
    insurers: ['Aetna'],
    time_zone: 'America/New_York',
  });
});

afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** Nothing but fetch and JSON. */
function fetchClient(baseUrl: string, token: string): ApiClient & { last: () => unknown } {
  let last: unknown;
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    last = await response.json();
    return last;
  };
  return {
    get: (path, options) =>
      send('GET', options === undefined ? path : `${path}?${new URLSearchParams(options.params)}`),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path, options) => send('DELETE', path, options?.data),
    last: () => last,
  };
}

async function seat(): Promise<Seat> {
  const person = await addClient(stack.api);
  const api = fetchClient(`${stack.api.url}/api`, person.token);
  return {
    person,
    manager: new TherapyBookingManager(api),
    last: () => api.last() as ReturnType<Seat['last']>,
  };
}

/** Noon in the therapist's zone, on a day that no other test uses. */
function nextNoon(): string {
  day += 1;
  const date = new Date(Date.now() + day * DAY_MS).toISOString().slice(0, 10);
  return `${date}T17:00:00Z`;
}

function booking(scheduledAt: string, more: Data = {}): Data {
  return {
    therapist_id: therapist.id,
    session_type: 'individual',
    scheduled_at: scheduledAt,
    duration: 50,
    timezone: 'America/New_York',
    session_format: 'video',
    specialization: 'anxiety',
    reason_for_session: 'Work-related anxiety and stress management',
    preferred_approach: 'CBT',
    emergency_contact: { name: 'Jane Doe', phone: '+1-555-0123', relationship: 'spouse' },
    ...more,
  };
}

async function answer(verb: 'approve' | 'decline', sessionId: unknown): Promise<void> {
  const path = `/api/therapy/sessions/${String(sessionId)}/${verb}`;
  const reply = await stack.api.call('POST', path, undefined, { token: therapist.token });
  expect(reply.status).toBe(200);
}

function byCard(card: string): Data {
  return { payment_method: 'credit_card', card_token: card, consent: CONSENT };
}

/** What the published error handler makes of the refusal of a call. */
async function refusal(of: Seat, work: Promise<unknown>): Promise<{ error: Data; advice: Data }> {
  await expect(work).rejects.toThrow(/./);
  const { success, error } = of.last();
  expect(success).toBe(false);
  return { error: error!, advice: handleBookingError(error!) };
}

describe('the published booking client, as it is', () => {
  test('finds a therapist and a time, books, pays, moves and cancels', async () => {
    const { manager } = await seat();
    const noon = nextNoon();
    const date = noon.slice(0, 10);
    const found = await manager.searchTherapists({
      specialization: 'anxiety',
      session_type: 'individual',
      date_range: `${date},${date}`,
      timezone: 'America/New_York',
      insurance: 'Aetna',
      language: 'en',
    });
    const [first] = found['therapists'] as [{ therapist_id: string; available_slots: Slot[] }];
    expect(first.therapist_id).toBe(therapist.id);
    expect(first.available_slots[0]).toMatchObject({ session_type: 'individual' });
    expect(found).toMatchObject({ total_results: 1, page: 1 });

    const times = async (): Promise<
      { start_time: string; available: boolean; reason?: string }[]
    > => {
      const shown = await manager.getTherapistAvailability(therapist.id, date, date);
      expect(shown).toMatchObject({ therapist_id: therapist.id, timezone: 'America/New_York' });
      return (shown['availability'] as Record<string, never>)[date]!;
    };
    const local = (instant: string): string =>
      new Date(instant).toLocaleTimeString('en-GB', {
        timeZone: 'America/New_York',
        timeStyle: 'short',
      });
    const isFree = (await times()).find(({ start_time }) => start_time === local(noon));
    expect(isFree).toMatchObject({ available: true });

    const booked = await manager.bookSession(booking(noon));
    expect(booked).toMatchObject({
      booking_status: 'pending_confirmation',
      scheduled_at: noon,
      therapist_confirmation_required: true,
      payment_required: true,
      payment_amount: 150,
      cancellation_policy: {
        free_cancellation_until: new Date(Date.parse(noon) - DAY_MS)
          .toISOString()
          .replace('.000', ''),
        cancellation_fee_after: 75,
      },
    });
    const id = booked['session_id'] as string;
    for (const deadline of ['payment_deadline', 'estimated_confirmation_time']) {
      const at = Date.parse(booked[deadline] as string);
      expect(at).toBeGreaterThan(Date.now());
      expect(at).toBeLessThanOrEqual(Date.parse(noon));
    }
    // The client forgets what it had cached of this therapist, and sees its own booking.
    expect((await times()).find(({ start_time }) => start_time === local(noon))).toMatchObject({
      available: false,
      reason: 'booked',
    });

    await answer('approve', id);
    expect(await manager.getSession(id)).toMatchObject({ status: 'pending_payment' });
    const paid = await manager.confirmSession(id, byCard('pm_card_visa'));
    expect(paid).toMatchObject({
      session_id: id,
      status: 'confirmed',
      payment_status: 'paid',
      payment_transaction_id: expect.any(String),
      room_url: expect.stringContaining(id),
      room_access_code: expect.any(String),
      preparation_materials: [],
      calendar_invite: {
        ics_url: `/api/therapy/sessions/${id}/calendar.ics`,
        google_calendar_url: expect.stringMatching(/^https:\/\/calendar\.google\.com\/calendar\//),
      },
    });

    const later = nextNoon();
    expect(await manager.rescheduleSession(id, later, 'Schedule conflict')).toMatchObject({
      session_id: id,
      old_scheduled_at: noon,
      new_scheduled_at: later,
      status: 'rescheduled',
      therapist_confirmation_required: true,
      confirmation_deadline: expect.any(String),
    });
    expect(await manager.getSession(id)).toMatchObject({ scheduled_at: noon });
    await answer('approve', id);
    expect(await manager.getSession(id)).toMatchObject({
      session_id: id,
      therapist: { therapist_id: therapist.id, specializations: ['anxiety'] },
      scheduled_at: later,
      duration: 50,
      status: 'confirmed',
      can_reschedule: true,
      can_cancel: true,
      reschedule_deadline: expect.any(String),
      cancellation_deadline: expect.any(String),
    });

    expect(await manager.cancelSession(id, 'Personal emergency')).toMatchObject({
      session_id: id,
      status: 'cancelled',
      cancellation_fee: 0,
      refund_amount: 150,
      refund_method: 'credit_card',
      refund_transaction_id: expect.any(String),
    });
    expect(await manager.getSession(id)).toMatchObject({ status: 'cancelled', can_cancel: false });
  });

  test('offers other times when somebody was faster, and they can be had', async () => {
    const [winner, loser] = [await seat(), await seat()];
    const noon = nextNoon();
    await winner.manager.bookSession(booking(noon));
    const { error, advice } = await refusal(loser, loser.manager.bookSession(booking(noon)));
    expect(error['code']).toBe(BOOKING_ERRORS['SLOT_UNAVAILABLE']);
    expect(advice['action']).toBe('select_different_slot');
    const suggested = advice['suggested_slots'] as Slot[];
    expect(suggested.map(({ start_time }) => start_time)).not.toContain(noon);
    const booked = await loser.manager.bookSession(booking(suggested[0]!.start_time));
    expect(booked).toMatchObject({ scheduled_at: suggested[0]!.start_time });
  });

  test('says what is missing when tokens do not suffice; the backup card pays the whole', async () => {
    const { manager, ...rest } = await seat();
    const { person } = rest;
    await credit(person, 4_000);
    const { session_id: id } = await manager.bookSession(booking(nextNoon()));
    await answer('approve', id);
    const wish = { payment_method: 'mvt_tokens', mvt_amount: 150, consent: CONSENT };
    const poor = await refusal({ manager, ...rest }, manager.confirmSession(id as string, wish));
    expect(poor.error['code']).toBe(BOOKING_ERRORS['INSUFFICIENT_TOKENS']);
    expect(poor.advice).toMatchObject({
      action: 'purchase_tokens',
      required_amount: 150,
      current_balance: 40,
    });
    const backup = { method: 'credit_card', card_token: 'pm_card_visa' };
    const paid = await manager.confirmSession(id as string, { ...wish, backup_payment: backup });
    expect(paid).toMatchObject({ status: 'confirmed', payment_status: 'paid' });
    expect(await balance(person)).toBe(4_000);
  });

  test('pays with tokens and gives them back at once', async () => {
    const { manager, person } = await seat();
    await credit(person, 20_000);
    const { session_id: id } = await manager.bookSession(booking(nextNoon()));
    await answer('approve', id);
    const wish = { payment_method: 'mvt_tokens', mvt_amount: 150, consent: CONSENT };
    expect(await manager.confirmSession(id as string, wish)).toMatchObject({
      payment_status: 'paid',
    });
    expect(await balance(person)).toBe(5_000);
    expect(await manager.cancelSession(id as string, 'Personal emergency')).toMatchObject({
      refund_amount: 150,
      refund_method: 'mvt_tokens',
      refund_processing_time: 'immediate',
    });
    expect(await balance(person)).toBe(20_000);
  });

  test('tells why a card was refused, and takes another', async () => {
    const client = await seat();
    const { manager } = client;
    const { session_id } = await manager.bookSession(booking(nextNoon()));
    const id = session_id as string;
    await answer('approve', id);
    const paying = manager.confirmSession(id, byCard('pm_card_chargeDeclined'));
    const { error, advice } = await refusal(client, paying);
    expect(error['code']).toBe(BOOKING_ERRORS['PAYMENT_FAILED']);
    expect(advice['action']).toBe('retry_payment');
    expect(JSON.stringify(advice['details'])).toMatch(/card_declined|generic_decline/);
    expect(await manager.confirmSession(id, byCard('pm_card_visa'))).toMatchObject({
      status: 'confirmed',
    });
  });

  test('hears in its own words of everything else that is refused', async () => {
    const client = await seat();
    const { manager } = client;
    const unknown = '01a1fda8-c453-749b-8bee-dcbf2eae915e';
    const yesterday = new Date(Date.now() - DAY_MS).toISOString();
    const { session_id } = await manager.bookSession(booking(nextNoon()));
    const id = session_id as string;
    const halfHearted = {
      ...byCard('pm_card_visa'),
      consent: { ...CONSENT, privacy_policy: false },
    };
    const code = async (work: Promise<unknown>): Promise<unknown> =>
      (await refusal(client, work)).error['code'];
    expect(await code(manager.getSession(unknown))).toBe('not_found');
    expect(await code(manager.bookSession(booking(yesterday)))).toBe('time_in_past');
    expect(await code(manager.bookSession(booking('soon')))).toBe('invalid_time');
    expect(await code(manager.confirmSession(id, halfHearted))).toBe('consent_required');
    expect(await code(manager.searchTherapists({ timezone: 'Mars/Olympus' }))).toBe(
      'malformed_request',
    );
    await answer('decline', id);
    expect(await code(manager.confirmSession(id, byCard('pm_card_visa')))).toBe('wrong_state');
  });
});

function credit(person: TestPerson, amountCents: number): Promise<unknown> {
  const { id: personId, clinicId } = person;
  const purchaseId = personId;
  return stack.api.knex.transaction((trx) =>
    addPurchasedCredits(trx, { personId, clinicId, purchaseId, amountCents, providerRef: 'test' }),
  );
}

async function balance(person: TestPerson): Promise<number> {
  const reply = await stack.api.call<{ balanceCents: number }>(
    'GET',
    '/api/v1/credits',
    undefined,
    { token: person.token },
  );
  return reply.body.balanceCents;
}
