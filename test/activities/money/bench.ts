import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { v7 } from 'uuid';
import { createCardGateway } from '../../../activities/gateways/stripe.ts';
import type { CardGateway } from '../../../activities/gateways/card-gateway.ts';
import { createMoneyActivities } from '../../../activities/money/index.ts';
import type { AllMoneyActivities } from '../../../activities/money/index.ts';
import type { ReviveSession } from '../../../activities/money/reconcile.ts';
import { addPurchasedCredits } from '../../../db/credits.ts';
import { openDatabase } from '../../../db/knex.ts';
import { createPayment, findPayment } from '../../../db/payments.ts';
import type { NewPayment, PaymentRow } from '../../../db/payments.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import type { PaymentPlan } from '../../../domain/plan.ts';
import { createTestDatabase } from '../../support/database.ts';
import { SECRET_KEY, startBench, WEBHOOK_SECRET } from '../../sandbox/stripe-support.ts';
import type { Bench, State } from '../../sandbox/stripe-support.ts';

export const PRICE_CENTS = 12_000;
export const HOUR_MS = 3_600_000;

export interface SessionWish {
  readonly status?: string;
  readonly payment?: Partial<PaymentPlan>;
  readonly startsInMs?: number;
}

export interface MoneyBench {
  readonly databaseUrl: string;
  readonly knex: Knex;
  readonly provider: Bench;
  readonly cards: CardGateway;
  readonly money: AllMoneyActivities;
  readonly clinicId: string;
  /** What the activities believe: a test moves it. */
  readonly clock: { offsetMs: number; waitedMs: number; revive: ReviveSession };
  person(): Promise<string>;
  session(wish?: SessionWish): Promise<{ sessionId: string; clientId: string }>;
  payment(
    session: { sessionId: string; clientId: string },
    wish?: Partial<NewPayment>,
  ): Promise<string>;
  credits(personId: string, amountCents: number): Promise<void>;
  row(paymentId: string): Promise<PaymentRow>;
  /** A gateway of its own kind for the same provider. */
  gateway(settings: { timeoutMs: number }): CardGateway;
  close(): Promise<void>;
}

/** Database, Stripe stand-in and activities of one test file. */
export async function startMoney(timeoutMs = 2_000, webhookUrl = ''): Promise<MoneyBench> {
  const database = await createTestDatabase();
  const knex = openDatabase(database.url, { maxConnections: 20, acquireTimeoutMs: 20_000 });
  const provider = await startBench({ webhookUrl });
  const clock: MoneyBench['clock'] = {
    offsetMs: 0,
    waitedMs: 0,
    revive: () => Promise.resolve('gone'),
  };
  const gateway = (settings: { timeoutMs: number }): CardGateway =>
    createCardGateway({
      secretKey: SECRET_KEY,
      webhookSecret: WEBHOOK_SECRET,
      apiUrl: provider.baseUrl,
      ...settings,
    });
  const cards = gateway({ timeoutMs });
  const money = createMoneyActivities({
    knex,
    cards,
    now: () => Date.now() + clock.offsetMs,
    waitedMs: () => clock.waitedMs,
    reviveSession: (input) => clock.revive(input),
  });
  const clinicId = v7();
  await knex('clinics').insert({ id: clinicId, name: 'Harbor', time_zone: 'UTC' });
  const therapistId = await insertPerson(knex, clinicId, 'counselor');
  await knex('therapist_profiles').insert({
    person_id: therapistId,
    clinic_id: clinicId,
    display_name: 'T',
    time_zone: 'UTC',
  });
  return {
    databaseUrl: database.url,
    knex,
    provider,
    cards,
    money,
    clinicId,
    clock,
    gateway,
    person: () => insertPerson(knex, clinicId, 'patient'),
    session: (wish) => insertSession(knex, clinicId, therapistId, wish ?? {}),
    payment: (session, wish) => insertPayment(knex, session, wish ?? {}),
    credits: (personId, amountCents) => insertCredits(knex, clinicId, personId, amountCents),
    row: async (paymentId) => {
      const row = await findPayment(knex, paymentId);
      if (row === null) throw new Error('no such payment');
      return row;
    },
    close: async () => {
      await provider.close();
      await knex.destroy();
      await database.drop();
    },
  };
}

async function insertPerson(knex: Knex, clinicId: string, role: string): Promise<string> {
  const id = v7();
  await knex('people').insert({ id, clinic_id: clinicId, role });
  return id;
}

async function insertSession(
  knex: Knex,
  clinicId: string,
  therapistId: string,
  wish: SessionWish,
): Promise<{ sessionId: string; clientId: string }> {
  const clientId = await insertPerson(knex, clinicId, 'patient');
  const sessionId = v7();
  const startsAt = Date.now() + (wish.startsInMs ?? 72 * HOUR_MS);
  const plan = { ...DEFAULT_PLAN, payment: { ...DEFAULT_PLAN.payment, ...wish.payment } };
  await knex('sessions').insert({
    id: sessionId,
    clinic_id: clinicId,
    door: 'therapy',
    session_type: 'individual',
    format: 'video',
    therapist_id: therapistId,
    client_id: clientId,
    starts_at: new Date(startsAt),
    ends_at: new Date(startsAt + 50 * 60_000),
    time_zone: 'UTC',
    status: wish.status ?? 'requested',
    approval: 'awaited',
    payment: 'due',
    plan: JSON.stringify(plan),
    price_cents: PRICE_CENTS,
    due_cents: PRICE_CENTS,
    currency: 'USD',
    room_code: randomUUID(),
    created_by: clientId,
  });
  return { sessionId, clientId };
}

async function insertPayment(
  knex: Knex,
  session: { sessionId: string; clientId: string },
  wish: Partial<NewPayment>,
): Promise<string> {
  const id = v7();
  await knex.transaction((trx) =>
    createPayment(trx, {
      id,
      sessionId: session.sessionId,
      personId: session.clientId,
      method: 'card',
      amountCents: PRICE_CENTS,
      currency: 'USD',
      cardToken: wish.method === 'credits' ? null : 'pm_card_visa',
      ...wish,
    }),
  );
  return id;
}

async function insertCredits(
  knex: Knex,
  clinicId: string,
  personId: string,
  amountCents: number,
): Promise<void> {
  await knex.transaction((trx) =>
    addPurchasedCredits(trx, {
      purchaseId: v7(),
      personId,
      clinicId,
      amountCents,
      providerRef: 'pi_test',
    }),
  );
}

/** Runs an activity as Temporal would: until it answers, up to `limit` times. */
export async function persistently<T>(work: () => Promise<T>, limit = 8): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === limit) throw error;
    }
  }
}

export interface AtProvider {
  readonly intents: State['payment_intents'];
  /** Charges that the bank approved. */
  readonly authorised: number;
  readonly captured: number;
  readonly refunded: number;
}

/** What the provider has of one payment. */
export async function atProvider(bench: MoneyBench, paymentId: string): Promise<AtProvider> {
  const state = await bench.provider.state();
  const intents = state.payment_intents.filter(
    (intent) => intent.metadata['payment_id'] === paymentId,
  );
  const ids = intents.map((intent) => intent.id);
  const charges = state.charges.filter((charge) => ids.includes(String(charge.payment_intent)));
  const good = charges.filter((charge) => charge.status === 'succeeded');
  return {
    intents,
    authorised: good.length,
    captured: good.reduce((sum, charge) => sum + charge.amount_captured, 0),
    refunded: good.reduce((sum, charge) => sum + charge.amount_refunded, 0),
  };
}

/** A session that has been paid for in full. */
export async function paidSession(
  bench: MoneyBench,
  cardToken = 'pm_card_visa',
): Promise<{ sessionId: string; paymentId: string }> {
  const session = await bench.session();
  const paymentId = await bench.payment(session, { cardToken });
  await bench.money.authorisePayment({ paymentId });
  const { kind } = await bench.money.capturePayment(session);
  if (kind !== 'captured') throw new Error(`not captured: ${kind}`);
  return { sessionId: session.sessionId, paymentId };
}

/** The card's holder answers the bank's question. */
export async function authenticate(bench: MoneyBench, paymentId: string): Promise<void> {
  const ref = (await bench.row(paymentId)).provider_ref;
  await bench.provider.control(`/payment_intents/${ref}/authenticate`, { outcome: 'succeed' });
}
