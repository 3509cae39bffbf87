import type { Stripe } from 'stripe';

/** What the cardholder's bank will do, which Stripe's own objects do not show. */
export type Instrument = {
  /** Name in the table of test cards. */
  card: string;
  /** Used once or detached without a customer: Stripe refuses to use it again. */
  spent: boolean;
  /** Authenticated for payments without the cardholder present. */
  setUp: boolean;
};

export type EventObject =
  | Stripe.PaymentIntent
  | Stripe.Charge
  | Stripe.Refund
  | Stripe.PaymentMethod
  | Stripe.Customer
  | Stripe.SetupIntent
  | Stripe.Dispute;

export type EventRecord = Omit<Stripe.EventBase, 'type' | 'data'> & {
  type: string;
  data: { object: EventObject; previous_attributes?: Record<string, unknown> };
};

/** An event on its way to the webhook endpoint; the id is the event's. */
export type Delivery = {
  event: string;
  type: string;
  state: 'pending' | 'delivered' | 'given_up';
  attempts: number;
  /** By the machine's clock, since the receiver checks the signature's time against its own. */
  nextAttemptMs: number;
  lastStatus: number | null;
};

/** An answer kept under an idempotency key. */
export type StoredAnswer = {
  fingerprint: string;
  path: string;
  requestId: string;
  status: number;
  body: unknown;
  createdMs: number;
};

export type TaskKind =
  'finish_processing' | 'expire_authorization' | 'settle_refund' | 'raise_dispute';

/** Something the bank will do later; the id is the kind and the object it concerns. */
export type Task = { kind: TaskKind; subject: string; dueMs: number };

/** How the stand-in behaves; all of it may be changed while it runs. */
export type Settings = {
  /** How long `pm_card_delayed` stays in `processing`. */
  delayedMs: number;
  /** How long a pending refund takes to settle or a failing one to fail. */
  refundSettleMs: number;
  /** From the capture to the dispute of the dispute cards. */
  disputeDelayMs: number;
  /** How long an authorisation on `pm_card_shortAuthorization` lives. */
  shortAuthorizationMs: number;
  /** Every request takes this long, so that duplicates can meet it in progress. */
  latencyMs: number;
  /** Wait before the second delivery of a webhook; it doubles up to the cap. */
  webhookRetryBaseMs: number;
  webhookRetryCapMs: number;
  /** Added to the clock. */
  clockOffsetMs: number;
  /** 1 while webhooks are held. */
  webhooksHeld: 0 | 1;
};

/** Every collection of the store and what it holds. */
export type Records = {
  payment_intents: Stripe.PaymentIntent;
  charges: Stripe.Charge;
  refunds: Stripe.Refund;
  payment_methods: Stripe.PaymentMethod;
  instruments: Instrument;
  customers: Stripe.Customer;
  setup_intents: Stripe.SetupIntent;
  disputes: Stripe.Dispute;
  events: EventRecord;
  deliveries: Delivery;
  idempotency_keys: StoredAnswer;
  tasks: Task;
  settings: Settings;
};
