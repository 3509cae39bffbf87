import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Stripe } from 'stripe';
import type { CardGateway } from '../../../activities/gateways/card-gateway.ts';
import { createMoneyActivities, moneyDepsOf } from '../../../activities/money/index.ts';
import type { AllMoneyActivities } from '../../../activities/money/index.ts';
import { takeCardEvent } from '../../../activities/money/news.ts';
import type { SyncOutcome } from '../../../activities/money/contract.ts';
import { HOUR_MS, PRICE_CENTS, startMoney } from './bench.ts';
import type { MoneyBench } from './bench.ts';
import { SECRET_KEY, WEBHOOK_SECRET } from '../../sandbox/stripe-support.ts';

/**
 * Never charged without a session or a refund. A small session lives through random payments,
 * deadlines, faults of the provider and deaths of the worker, while the provider's events
 * come late, doubled and in any order; in the end the money must fit what became of it.
 */

const FEE_CENTS = PRICE_CENTS / 2;
const CARDS = [
  'pm_card_visa',
  'pm_card_visa_chargeDeclined',
  'pm_card_threeDSecure2Required',
  'pm_card_delayed',
  'pm_card_delayedDecline',
];
const FAULTS = ['drop_before', 'error_500', 'error_500_stored', 'rate_limit'];
const PATHS = [
  '/v1/payment_intents',
  '/v1/payment_intents/*/confirm',
  '/v1/payment_intents/*/capture',
  '/v1/payment_intents/*/cancel',
  '/v1/refunds',
];

let bench: MoneyBench;
let dying: DyingGateway;
let money: AllMoneyActivities;

beforeAll(async () => {
  bench = await startMoney(1_000);
  dying = dyingGateway(bench.cards);
  money = createMoneyActivities({
    knex: bench.knex,
    cards: dying.cards,
    waitedMs: () => HOUR_MS,
  });
});
afterAll(() => bench.close());

interface DyingGateway {
  readonly cards: CardGateway;
  /** The worker dies at the n-th request from now, before it is sent or before its answer counts. */
  dieAt(nth: number, when: 'before' | 'after'): void;
}

function dyingGateway(cards: CardGateway): DyingGateway {
  let left = 0;
  let moment: 'before' | 'after' = 'before';
  const isHit = (when: string): boolean => left === 1 && moment === when;
  const methods = Object.entries(cards).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      if (isHit('before')) {
        left = 0;
        throw new Error('killed');
      }
      const result: unknown = await Reflect.apply(method as () => unknown, cards, args);
      if (isHit('after')) {
        left = 0;
        throw new Error('killed');
      }
      left = Math.max(0, left - 1);
      return result;
    },
  ]);
  return {
    cards: { ...Object.fromEntries(methods), readEvent: cards.readEvent },
    dieAt(nth, when) {
      left = nth;
      moment = when;
    },
  };
}

/** As Temporal does it: an activity is run until it answers. */
async function tenaciously<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 12) throw error;
    }
  }
}

type Ending = 'declined' | 'expired' | 'cancelled';
type Status = 'requested' | 'confirmed' | 'completed' | Ending;

/** The session workflow's decisions about money, one at a time, without everything else. */
class Story {
  status: Status = 'requested';
  payment: 'due' | 'authorised' | 'captured' = 'due';
  isApproved = false;
  readonly news = new Set<string>();
  readonly session: { sessionId: string; clientId: string };

  constructor(session: { sessionId: string; clientId: string }) {
    this.session = session;
  }

  get hasEnded(): boolean {
    return this.status !== 'requested' && this.status !== 'confirmed';
  }

  async save(): Promise<void> {
    const { status, payment } = this;
    await bench
      .knex('sessions')
      .where({ id: this.session.sessionId })
      .update({ status, payment, updated_at: bench.knex.fn.now() });
  }

  async pay(cardToken: string): Promise<void> {
    if (this.hasEnded || this.payment !== 'due') return;
    const paymentId = await bench.payment(this.session, { cardToken });
    await this.receive((await tenaciously(() => money.authorisePayment({ paymentId }))).kind);
  }

  async approve(): Promise<void> {
    if (this.hasEnded) return;
    this.isApproved = true;
    if (this.payment === 'authorised') await this.capture();
  }

  async receive(kind: SyncOutcome['kind'] | 'action_required'): Promise<void> {
    if (this.hasEnded || this.payment === 'captured') return;
    if (kind === 'authorised') this.payment = 'authorised';
    if (kind === 'captured') Object.assign(this, { payment: 'captured', status: 'confirmed' });
    if (kind === 'lapsed' || kind === 'voided') this.payment = 'due';
    await this.save();
    if (kind === 'authorised' && this.isApproved) await this.capture();
  }

  async capture(): Promise<void> {
    const { kind } = await tenaciously(() => money.capturePayment(this.session));
    if (kind === 'captured') Object.assign(this, { payment: 'captured', status: 'confirmed' });
    else this.payment = 'due';
    await this.save();
  }

  async readNews(): Promise<void> {
    for (const paymentId of this.news) {
      this.news.delete(paymentId);
      if (this.hasEnded) await this.reconcile(paymentId);
      else await this.receive((await tenaciously(() => money.syncPayment({ paymentId }))).kind);
    }
  }

  async reconcile(paymentId: string): Promise<void> {
    await tenaciously(() => money.reconcilePayment({ paymentId, isLastLook: true }));
  }

  async end(ending: Ending): Promise<void> {
    if (this.hasEnded) return;
    if (this.status === 'confirmed') return ending === 'cancelled' ? this.cancelPaid() : undefined;
    if (ending === 'expired' && this.payment === 'due') {
      const closing = await tenaciously(() => money.closeUnpaid(this.session));
      if (closing.kind === 'paid') return this.receive(closing.paymentState);
    }
    this.status = ending;
    await this.save();
    await this.giveBack(PRICE_CENTS);
  }

  async cancelPaid(): Promise<void> {
    this.status = 'cancelled';
    await this.save();
    await this.giveBack(PRICE_CENTS - FEE_CENTS);
  }

  async giveBack(refundCents: number): Promise<void> {
    const { sessionId } = this.session;
    const voiding = await tenaciously(() => money.voidPayment({ sessionId }));
    if (voiding.kind !== 'captured_already') return;
    const refund = { sessionId, refundCents, reason: this.status, step: 'end' };
    await tenaciously(() => money.refundPayment(refund));
  }
}

type Step =
  | { readonly kind: 'pay'; readonly card: string }
  | { readonly kind: 'approve' | 'forget' }
  | {
      readonly kind: 'bank';
      readonly act: 'authenticate' | 'settle' | 'expire';
      readonly succeeds: boolean;
      readonly which: number;
    }
  | { readonly kind: 'end'; readonly ending: Ending }
  | { readonly kind: 'events'; readonly picks: readonly number[] }
  | { readonly kind: 'fault'; readonly fault: string; readonly path: string }
  | { readonly kind: 'die'; readonly nth: number; readonly when: 'before' | 'after' };

const is = <K extends string>(kind: K): fc.Arbitrary<K> => fc.constant(kind);
const pay = fc.record({ kind: is('pay'), card: fc.constantFrom(...CARDS) });
const bank = fc.record({
  kind: is('bank'),
  act: fc.constantFrom('authenticate', 'settle', 'expire'),
  succeeds: fc.boolean(),
  which: fc.nat(2),
});
const end = fc.record({
  kind: is('end'),
  ending: fc.constantFrom<Ending>('declined', 'expired', 'cancelled'),
});
const events = fc.record({ kind: is('events'), picks: fc.array(fc.nat(30)) });
const fault = fc.record({
  kind: is('fault'),
  fault: fc.constantFrom(...FAULTS),
  path: fc.constantFrom(...PATHS),
});
const die = fc.record({
  kind: is('die'),
  nth: fc.integer({ min: 1, max: 5 }),
  when: fc.constantFrom('before', 'after'),
});
const simple = fc.record({ kind: fc.constantFrom('approve', 'approve', 'forget') });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: pay },
  { weight: 4, arbitrary: bank },
  { weight: 2, arbitrary: end },
  { weight: 4, arbitrary: events },
  { weight: 3, arbitrary: fault },
  { weight: 3, arbitrary: die },
  { weight: 3, arbitrary: simple },
);

async function perform(story: Story, step: Step): Promise<void> {
  switch (step.kind) {
    case 'pay':
      return story.pay(step.card);
    case 'approve':
      return story.approve();
    case 'bank':
      return askBank(story, step.act, step.succeeds, step.which);
    case 'end':
      return story.end(step.ending);
    case 'events':
      return deliver(story, step.picks);
    case 'fault':
      await bench.provider.control('/faults', { ...step, method: 'POST', kind: step.fault });
      return;
    case 'die':
      return dying.dieAt(step.nth, step.when);
    case 'forget':
      await bench.provider.control('/idempotency_keys/forget');
  }
}

async function intentsOf(story: Story): Promise<Stripe.PaymentIntent[]> {
  const { payment_intents } = await bench.provider.state();
  const { sessionId } = story.session;
  return payment_intents.filter((intent) => intent.metadata['session_id'] === sessionId);
}

async function askBank(story: Story, act: string, succeeds: boolean, which: number): Promise<void> {
  const intent = (await intentsOf(story))[which];
  if (intent === undefined) return;
  const outcome = succeeds ? 'succeed' : 'fail';
  await bench.provider
    .control(`/payment_intents/${intent.id}/${act}`, act === 'expire' ? {} : { outcome })
    .catch(() => undefined);
}

/** Some of the events so far, in whatever order and as often as picked. */
async function deliver(story: Story, picks: readonly number[]): Promise<void> {
  const events = await eventsOf(story);
  const chosen = picks.flatMap((pick) => events[pick] ?? []);
  await Promise.all(chosen.map((event) => hear(story, event)));
}

async function eventsOf(story: Story): Promise<Stripe.Event[]> {
  const ids = new Set((await intentsOf(story)).map(({ id }) => id));
  const { events } = await bench.provider.state();
  return events.filter(({ data }) => {
    const object = data.object as { id?: string; payment_intent?: unknown };
    return ids.has(object.id ?? '') || ids.has(String(object.payment_intent));
  });
}

async function hear(story: Story, event: Stripe.Event): Promise<void> {
  const payload = JSON.stringify(event);
  const signature = new Stripe(SECRET_KEY).webhooks.generateTestHeaderString({
    payload,
    secret: WEBHOOK_SECRET,
  });
  const heard = bench.cards.readEvent(Buffer.from(payload), signature);
  const deps = moneyDepsOf({ knex: bench.knex, cards: bench.cards });
  const news = await tenaciously(() => takeCardEvent(deps, heard));
  if (news.kind === 'payment') story.news.add(news.paymentId);
}

/** Everything that is still open comes to its end, and every event arrives at last. */
async function conclude(story: Story): Promise<void> {
  await bench.provider.control('/faults/clear');
  dying.dieAt(0, 'before');
  await story.readNews();
  if (story.status === 'confirmed') {
    story.status = 'completed';
    await story.save();
  }
  await story.end('expired');
  if (!story.hasEnded) await story.end('declined');
  if (!story.hasEnded) await story.end('cancelled');
  for (const which of [0, 1, 2, 3, 4]) await askBank(story, 'settle', true, which);
  const events = await eventsOf(story);
  for (const event of events.toReversed()) await hear(story, event);
  await story.readNews();
}

function owedCents({ status, payment }: Story): number {
  if (status === 'completed') return PRICE_CENTS;
  return status === 'cancelled' && payment === 'captured' ? FEE_CENTS : 0;
}

async function expectSquare(story: Story): Promise<void> {
  const intents = await intentsOf(story);
  const ids = intents.map(({ id }) => id);
  const { charges } = await bench.provider.state();
  const own = charges.filter((charge) => ids.includes(String(charge.payment_intent)));
  const net = own.reduce((sum, each) => sum + each.amount_captured - each.amount_refunded, 0);
  const rows = await bench.knex('payments').where({ session_id: story.session.sessionId });
  const booked = rows.reduce((sum, row) => sum + row.captured_cents - row.refunded_cents, 0);
  const open = intents.filter(({ status }) => status === 'requires_capture');
  expect({ net, booked, open: open.length, status: story.status }).toEqual({
    net: owedCents(story),
    booked: owedCents(story),
    open: 0,
    status: story.status,
  });
}

describe('whatever happens to a payment', () => {
  test('the money fits the session in the end', async () => {
    const life = fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 16 }),
      async (steps) => {
        await bench.provider.control('/reset');
        await bench.provider.control('/settings', { delayedMs: HOUR_MS });
        const story = new Story(await bench.session());
        for (const each of steps) {
          await perform(story, each);
          await story.readNews();
        }
        await conclude(story);
        await expectSquare(story);
      },
    );
    await fc.assert(life, { numRuns: 60, endOnFailure: false });
  }, 180_000);
});
