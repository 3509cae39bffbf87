/**
 * Why a request has no result:
 *
 * - `refused`: the provider says no, for good;
 * - `faulty`: it answered with a fault of its own, which it keeps under the key. What it did
 *   before is found out by asking;
 * - `unavailable`: no answer, or come back later: the same key may be used again.
 */
export type CardFault = 'refused' | 'faulty' | 'unavailable';

/** Carries the provider's code, never its text: texts may quote what a person typed. */
export class CardProviderError extends Error {
  override readonly name = 'CardProviderError';
  readonly fault: CardFault;
  readonly code: string;
  readonly param: string | null;

  constructor(fault: CardFault, code: string, param: string | null, requestId = 'no request id') {
    super(`The card provider: ${fault} (${code}, ${requestId})`);
    this.fault = fault;
    this.code = code;
    this.param = param;
  }
}

export type Metadata = Readonly<Record<string, string>>;

export type SetupStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'succeeded'
  | 'canceled';

export type IntentStatus = SetupStatus | 'requires_capture';

export interface Intent {
  readonly ref: string;
  readonly status: IntentStatus;
  /** Why the last attempt was declined. */
  readonly declineCode: string | null;
  readonly receivedCents: number;
  /** Until when an authorisation can be captured, epoch ms. */
  readonly captureBeforeAt: number | null;
  readonly methodRef: string | null;
  /** Cancelled by the bank's time limit and not by anybody's request. */
  readonly hasLapsed: boolean;
  readonly clientSecret: string | null;
  readonly metadata: Metadata;
}

export interface Setup {
  readonly ref: string;
  readonly status: SetupStatus;
  readonly declineCode: string | null;
  readonly methodRef: string | null;
  readonly clientSecret: string | null;
  readonly metadata: Metadata;
}

export interface ProviderRefund {
  readonly ref: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly amountCents: number;
  readonly metadata: Metadata;
}

export interface NewIntent {
  readonly customerRef: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly capture: 'manual' | 'automatic';
  /** Keeps the card for payments without its holder. */
  readonly saveCard: boolean;
  readonly metadata: Metadata;
}

/** What of an event matters: whom it concerns. Its snapshot of the object is never used. */
export interface CardEvent {
  readonly id: string;
  readonly type: string;
  readonly intentRef: string | null;
  readonly setupRef: string | null;
  readonly metadata: Metadata;
  readonly dispute: Dispute | null;
}

export interface Dispute {
  readonly ref: string;
  readonly amountCents: number;
  readonly reason: string;
  readonly status: string;
}

/** Every method throws {@link CardProviderError}; a declined card is a result. */
export interface CardGateway {
  createCustomer(key: string): Promise<string>;
  /** Turns a card token into a method that can be used more than once. */
  createMethod(token: string, key: string): Promise<string>;
  /** Makes an unconfirmed intent: nothing is charged yet. */
  createIntent(intent: NewIntent, key: string): Promise<Intent>;
  /** Asks the bank. `offSession`: the card's holder is not there to confirm. */
  confirmIntent(
    ref: string,
    how: { readonly methodRef: string; readonly offSession: boolean },
    key: string,
  ): Promise<Intent>;
  retrieveIntent(ref: string): Promise<Intent>;
  captureIntent(ref: string, amountCents: number, key: string): Promise<Intent>;
  cancelIntent(ref: string, key: string): Promise<Intent>;
  /** A customer's intents created since then, newest first. */
  listIntents(customerRef: string, sinceMs: number): Promise<Intent[]>;
  createSetup(customerRef: string, metadata: Metadata, key: string): Promise<Setup>;
  confirmSetup(ref: string, methodRef: string, key: string): Promise<Setup>;
  retrieveSetup(ref: string): Promise<Setup>;
  cancelSetup(ref: string, key: string): Promise<Setup>;
  createRefund(
    refund: {
      readonly intentRef: string;
      readonly amountCents: number;
      readonly metadata: Metadata;
    },
    key: string,
  ): Promise<ProviderRefund>;
  listRefunds(intentRef: string): Promise<ProviderRefund[]>;
  /** Throws when the signature is missing, forged, or older than 300 s. */
  readEvent(rawBody: Buffer, signature: string | undefined): CardEvent;
}
