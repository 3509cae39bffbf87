/** What a therapist asks for: by session type, for a session of the standard length. */
export interface RateCard {
  readonly centsByType: Readonly<Record<string, number>>;
  readonly standardDurationMinutes: number;
}

/**
 * The price in cents, or null where the therapist has no rate for the type. Another length than
 * the standard one is charged pro rata to the minute; half a cent and more is rounded up.
 */
export function priceOf(
  rates: RateCard,
  sessionType: string,
  durationMinutes: number,
): number | null {
  if (!Object.hasOwn(rates.centsByType, sessionType)) return null;
  const rateCents = rates.centsByType[sessionType];
  if (rateCents === undefined) return null;
  return divideHalfUp(rateCents * durationMinutes, rates.standardDurationMinutes);
}

/** What a verified insurance leaves to the client. */
export type Coverage =
  | { readonly kind: 'none' }
  | { readonly kind: 'copay'; readonly copayCents: number }
  /** The client's share in whole percent. */
  | { readonly kind: 'coinsurance'; readonly clientPercent: number };

export interface AmountDue {
  readonly priceCents: number;
  /** What the client pays. */
  readonly dueCents: number;
  /** What the insurer is billed; with `dueCents` it makes the price. */
  readonly insurerCents: number;
}

/** Splits a price between client and insurer; a co-pay lowers the client's part, never raises it. */
export function amountDue(priceCents: number, coverage: Coverage): AmountDue {
  const dueCents = Math.min(priceCents, clientShare(priceCents, coverage));
  return { priceCents, dueCents, insurerCents: priceCents - dueCents };
}

function clientShare(priceCents: number, coverage: Coverage): number {
  switch (coverage.kind) {
    case 'none':
      return priceCents;
    case 'copay':
      return coverage.copayCents;
    case 'coinsurance':
      return divideHalfUp(priceCents * coverage.clientPercent, 100);
  }
}

/** Whole part and the decimals of a number as people write amounts. */
const AMOUNT = /^(\d+)(?:\.(\d{1,2}))?$/;

/**
 * Cents of an amount in decimal units: 37.5 gives 3750. Null for anything that is no amount of
 * money: negative, not finite, more than two decimals, or too large to be exact.
 */
export function centsFromDecimal(amount: number): number | null {
  // The digits decide, not the product: 1.005 * 100 and 0.29 * 100 are both a little off.
  const match = AMOUNT.exec(String(amount));
  if (match === null) return null;
  const cents = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return Number.isSafeInteger(cents) ? cents : null;
}

/** Decimal units for a door's JSON: 3750 gives 37.5. */
export function decimalFromCents(cents: number): number {
  return cents / 100;
}

/** Exact for whole numbers: a product of an amount and minutes stays far below 2^53. */
function divideHalfUp(dividend: number, divisor: number): number {
  return Math.floor((2 * dividend + divisor) / (2 * divisor));
}
