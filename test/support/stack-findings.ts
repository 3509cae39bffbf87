import type { MailRecord } from '../../sandbox/mail/index.ts';
import type { State } from '../sandbox/stripe-support.ts';
import type { CallRecord, MessageRecord } from '../../sandbox/twilio/index.ts';
import type { Stack } from './stack.ts';

/** What the card provider holds of one session; amounts in cents. */
export interface Charges {
  /** Successful authorisations: more than one is a double charge. */
  readonly authorisations: number;
  readonly capturedCents: number;
  /** Authorised and neither captured nor let go. */
  readonly heldCents: number;
  readonly refunds: number;
  readonly refundedCents: number;
}

/** Where the stand-ins are steered and asked. */
export type Sandboxed = Pick<Stack, 'sandboxUrl'>;

async function control<T>(stack: Sandboxed, path: string): Promise<T> {
  return (await fetch(`${stack.sandboxUrl}/control${path}`)).json() as Promise<T>;
}

/** Whether the card provider has delivered all of its webhooks. */
export async function isAllTold(stack: Stack): Promise<boolean> {
  const { deliveries } = await control<State>(stack, '/stripe/state');
  return deliveries.every(({ state }) => state === 'delivered');
}

/** Asks a stand-in for something, such as a fault. */
export async function steer(stack: Sandboxed, path: string, body: object = {}): Promise<void> {
  const response = await fetch(`${stack.sandboxUrl}/control${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
}

export async function chargesOf(stack: Stack, sessionId: string): Promise<Charges> {
  const state = await control<State>(stack, '/stripe/state');
  const intents = state.payment_intents.filter(
    ({ metadata }) => metadata['session_id'] === sessionId,
  );
  const ids = intents.map(({ id }) => id);
  const charges = state.charges.filter(
    (charge) => charge.status === 'succeeded' && ids.includes(String(charge.payment_intent)),
  );
  const refunds = state.refunds.filter(({ payment_intent: intent }) =>
    ids.includes(String(intent)),
  );
  return {
    authorisations: charges.length,
    heldCents: sum(intents.map(({ amount_capturable: held }) => held)),
    capturedCents: sum(charges.map((charge) => charge.amount_captured)),
    refunds: refunds.length,
    refundedCents: sum(refunds.map(({ amount }) => amount)),
  };
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

export async function textsTo(stack: Sandboxed, phone: string): Promise<MessageRecord[]> {
  const query = new URLSearchParams({ to: phone });
  const path = `/twilio/messages?${query.toString()}`;
  return (await control<{ messages: MessageRecord[] }>(stack, path)).messages;
}

export async function callsTo(stack: Sandboxed, phone: string): Promise<CallRecord[]> {
  const query = new URLSearchParams({ to: phone });
  return (await control<{ calls: CallRecord[] }>(stack, `/twilio/calls?${query.toString()}`)).calls;
}

/** Every text that was ever sent, the latest last. */
export async function allTexts(stack: Sandboxed): Promise<MessageRecord[]> {
  return (await control<{ messages: MessageRecord[] }>(stack, '/twilio/messages')).messages;
}

export async function mailsTo(stack: Stack, address: string): Promise<MailRecord[]> {
  const query = new URLSearchParams({ to: address });
  return (await control<{ messages: MailRecord[] }>(stack, `/mail/messages?${query.toString()}`))
    .messages;
}

export interface Claim {
  readonly person_id: string;
  readonly slot: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
}

/** The stretches of people's calendars that a session holds. */
export async function claimsOf(stack: Stack, sessionId: string): Promise<Claim[]> {
  const { rows } = await stack.api.knex.raw<{ rows: Claim[] }>(
    `SELECT person_id, slot, lower(during) AS starts_at, upper(during) AS ends_at
     FROM claims WHERE session_id = ? AND state = 'active' ORDER BY person_id, starts_at`,
    [sessionId],
  );
  return rows;
}

/** The names of what happened to a session, in order. */
export function eventsOf(stack: Stack, sessionId: string): Promise<string[]> {
  return stack.api
    .knex('session_events')
    .where('session_id', sessionId)
    .orderBy('id')
    .pluck('kind');
}
