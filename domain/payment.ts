/** Where one payment attempt stands. `saved` is a card that is charged near the date. */
export const PAYMENT_STATES = [
  'created',
  'saved',
  'requires_action',
  'processing',
  'failed',
  'authorised',
  'lapsed',
  'voided',
  'captured',
  'refunded',
] as const;

export type PaymentState = (typeof PAYMENT_STATES)[number];

/** States of equal rank exclude each other. */
const RANKS: Readonly<Record<PaymentState, number>> = {
  created: 0,
  requires_action: 1,
  processing: 2,
  failed: 3,
  saved: 4,
  authorised: 5,
  lapsed: 6,
  voided: 6,
  captured: 6,
  refunded: 7,
};

/**
 * Whether what the provider says now is news. Answers overtake each other on the way, and
 * an older truth must never undo a newer one: a payment only ever moves up, except that a
 * saved card is charged from the start. A refund that fails later is decided by the sum of
 * the refunds, not here.
 */
export function isNews(from: PaymentState, to: PaymentState): boolean {
  if (from === 'saved') return to !== 'saved' && to !== 'created';
  return RANKS[to] > RANKS[from];
}

/** The client's money is reserved or taken. */
export function holdsMoney(state: PaymentState): state is 'authorised' | 'captured' {
  return state === 'authorised' || state === 'captured';
}

/** Nothing at the provider can turn this attempt into money any more. */
export function isOver(state: PaymentState): boolean {
  return RANKS[state] >= RANKS.lapsed;
}

/** The state of a captured payment, by how much of it has gone back or is on its way. */
export function stateAfterRefunds(
  capturedCents: number,
  refundedCents: number,
): 'captured' | 'refunded' {
  return capturedCents > 0 && refundedCents === capturedCents ? 'refunded' : 'captured';
}
