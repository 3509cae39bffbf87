/** A session, or one member's seat in a group session. */
export interface Subject {
  readonly sessionId: string;
  readonly enrolmentId?: string;
}

/** What the session workflow asks of the payment providers. Every activity may run twice. */
export interface MoneyActivities {
  authorisePayment(input: { paymentId: string }): Promise<AuthoriseOutcome>;
  /** Authorises a saved card without its holder present. */
  chargeSavedCard(input: Subject): Promise<AuthoriseOutcome>;
  capturePayment(input: Subject): Promise<CaptureOutcome>;
  voidPayment(input: Subject): Promise<VoidOutcome>;
  /** Makes sure that an unpaid session stays unpaid; when the money was faster, says so. */
  closeUnpaid(input: Subject): Promise<CloseOutcome>;
  refundPayment(input: {
    sessionId: string;
    enrolmentId?: string;
    refundCents: number;
    reason: string;
    /** Tells one refund of a session from another; the same step never refunds twice. */
    step: string;
  }): Promise<{ kind: 'refunded' | 'pending' | 'failed' | 'nothing' }>;
  /** Fetches the provider's truth about a payment into its row; `unknown` where it is not the session's. */
  syncPayment(input: { paymentId: string } & Partial<Subject>): Promise<SyncOutcome>;
}

export type AuthoriseOutcome =
  | { readonly kind: 'authorised'; readonly captureBeforeAt: number | null }
  | { readonly kind: 'saved' }
  | { readonly kind: 'action_required' }
  | { readonly kind: 'processing' }
  | {
      readonly kind: 'failed';
      readonly code: 'payment_failed' | 'insufficient_tokens';
      readonly providerCode?: string;
      readonly requiredCents?: number;
      readonly balanceCents?: number;
    };

export type CaptureOutcome =
  | { readonly kind: 'captured' }
  | { readonly kind: 'lapsed' }
  | { readonly kind: 'failed'; readonly code: 'payment_failed' }
  | { readonly kind: 'nothing' };

export type VoidOutcome =
  | { readonly kind: 'voided' }
  | { readonly kind: 'captured_already'; readonly capturedCents: number }
  | { readonly kind: 'nothing' };

export type CloseOutcome =
  | { readonly kind: 'closed' }
  | { readonly kind: 'paid'; readonly paymentState: 'authorised' | 'captured' };

export type SyncOutcome =
  | { readonly kind: 'authorised'; readonly captureBeforeAt: number | null }
  | {
      readonly kind:
        | 'unknown'
        | 'created'
        | 'requires_action'
        | 'processing'
        | 'saved'
        | 'captured'
        | 'voided'
        | 'failed'
        | 'lapsed'
        | 'refunded';
    };
