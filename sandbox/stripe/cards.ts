const DAY_MS = 86_400_000;

export type Decline = {
  code: string;
  declineCode: string;
  message: string;
  networkCode: string;
  param?: string;
};

/**
 * When the bank asks the cardholder to authenticate: `always`; `until_set_up`, not off session
 * after a set-up; `on_session`, never off session; `optional`, only when the request asks for it.
 */
export type Authentication = 'none' | 'always' | 'until_set_up' | 'on_session' | 'optional';

export type TestCard = {
  name: string;
  number: string;
  brand: string;
  funding: 'credit' | 'debit' | 'prepaid';
  authentication: Authentication;
  decline: Decline | null;
  /** Saves without a complaint and is declined later only. */
  savesDespiteDecline: boolean;
  declineAfterAuthentication: Decline | null;
  /** How long an authorisation lives; null means the length in the settings. */
  captureWindowMs: number | null;
  processing: boolean;
  refund: 'succeeds' | 'pending' | 'fails';
  dispute: { reason: string; status: 'needs_response' | 'warning_needs_response' } | null;
};

function decline(code: string, declineCode: string, message: string, param?: string): Decline {
  const base = { code, declineCode, message, networkCode: '05' };
  return param === undefined ? base : { ...base, param };
}

const GENERIC = decline('card_declined', 'generic_decline', 'Your card was declined.');
const INSUFFICIENT = decline(
  'card_declined',
  'insufficient_funds',
  'Your card has insufficient funds.',
);
const LOST = decline('card_declined', 'lost_card', 'Your card was declined.');
const STOLEN = decline('card_declined', 'stolen_card', 'Your card was declined.');
const FRAUDULENT = decline('card_declined', 'fraudulent', 'Your card was declined.');
const VELOCITY = decline(
  'card_declined',
  'card_velocity_exceeded',
  'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
);
const EXPIRED = decline('expired_card', 'expired_card', 'Your card has expired.', 'exp_month');
const INCORRECT_CVC = decline(
  'incorrect_cvc',
  'incorrect_cvc',
  "Your card's security code is incorrect.",
  'cvc',
);
const PROCESSING_ERROR = decline(
  'processing_error',
  'processing_error',
  'An error occurred while processing your card. Try again in a little bit.',
);

/** The answer to a payment off session on a card that wants its holder present. */
export const AUTHENTICATION_REQUIRED = decline(
  'authentication_required',
  'authentication_required',
  'Your card was declined. This transaction requires authentication.',
);

function card(name: string, number: string, differences: Partial<TestCard> = {}): TestCard {
  return {
    name,
    number,
    brand: 'visa',
    funding: 'credit',
    authentication: 'none',
    decline: null,
    savesDespiteDecline: false,
    declineAfterAuthentication: null,
    captureWindowMs: 7 * DAY_MS,
    processing: false,
    refund: 'succeeds',
    dispute: null,
    ...differences,
  };
}

const BRANDS: TestCard[] = [
  card('visa', '4242424242424242'),
  card('visa_debit', '4000056655665556', { funding: 'debit' }),
  card('mastercard', '5555555555554444', { brand: 'mastercard' }),
  card('mastercard_debit', '5200828282828210', { brand: 'mastercard', funding: 'debit' }),
  card('mastercard_prepaid', '5105105105105100', { brand: 'mastercard', funding: 'prepaid' }),
  card('amex', '378282246310005', { brand: 'amex' }),
  card('discover', '6011111111111117', { brand: 'discover' }),
  card('diners', '3056930009020004', { brand: 'diners' }),
  card('jcb', '3566002020360505', { brand: 'jcb' }),
  card('unionpay', '6200000000000005', { brand: 'unionpay' }),
];

const DECLINED: TestCard[] = [
  card('chargeDeclined', '4000000000000002', { decline: GENERIC }),
  card('chargeDeclinedInsufficientFunds', '4000000000009995', { decline: INSUFFICIENT }),
  card('chargeDeclinedLostCard', '4000000000009987', { decline: LOST }),
  card('chargeDeclinedStolenCard', '4000000000009979', { decline: STOLEN }),
  card('chargeDeclinedFraudulent', '4100000000000019', { decline: FRAUDULENT }),
  card('chargeDeclinedVelocityLimitExceeded', '4000000000006975', { decline: VELOCITY }),
  card('chargeDeclinedExpiredCard', '4000000000000069', { decline: EXPIRED }),
  card('chargeDeclinedIncorrectCvc', '4000000000000127', { decline: INCORRECT_CVC }),
  card('chargeDeclinedProcessingError', '4000000000000119', { decline: PROCESSING_ERROR }),
  card('chargeCustomerFail', '4000000000000341', { decline: GENERIC, savesDespiteDecline: true }),
];

const AUTHENTICATED: TestCard[] = [
  card('authenticationRequired', '4000002760003184', { authentication: 'always' }),
  card('authenticationRequiredOnSetup', '4000002500003155', { authentication: 'until_set_up' }),
  card('authenticationRequiredSetupForOffSession', '4000003800000446', {
    authentication: 'on_session',
  }),
  card('authenticationRequiredChargeDeclinedInsufficientFunds', '4000008260003178', {
    authentication: 'always',
    declineAfterAuthentication: INSUFFICIENT,
  }),
  card('threeDSecure2Required', '4000000000003220', { authentication: 'always' }),
  card('threeDSecureRequired', '4000000000003063', { authentication: 'always' }),
  card('threeDSecureRequiredChargeDeclined', '4000008400001629', {
    authentication: 'always',
    declineAfterAuthentication: GENERIC,
  }),
  card('threeDSecureOptional', '4000000000003055', { authentication: 'optional' }),
];

const AFTERWARDS: TestCard[] = [
  card('pendingRefund', '4000000000007726', { refund: 'pending' }),
  card('refundFail', '4000000000005126', { refund: 'fails' }),
  card('createDispute', '4000000000000259', {
    dispute: { reason: 'fraudulent', status: 'needs_response' },
  }),
  card('createDisputeProductNotReceived', '4000000000002685', {
    dispute: { reason: 'product_not_received', status: 'needs_response' },
  }),
  card('createDisputeInquiry', '4000000000001976', {
    dispute: { reason: 'fraudulent', status: 'warning_needs_response' },
  }),
];

/** The last three exist in the stand-in only: Stripe publishes no such cards. */
const OWN: TestCard[] = [
  card('delayed', '4000000000009052', { processing: true }),
  card('delayedDecline', '4000000000009060', { processing: true, decline: GENERIC }),
  card('shortAuthorization', '4000000000009078', { captureWindowMs: null }),
];

export const TEST_CARDS: readonly TestCard[] = [
  ...BRANDS,
  ...DECLINED,
  ...AUTHENTICATED,
  ...AFTERWARDS,
  ...OWN,
];

const BY_NAME = new Map(TEST_CARDS.map((entry) => [entry.name, entry]));
const BY_NUMBER = new Map(TEST_CARDS.map((entry) => [entry.number, entry]));

/** The card of this name; names come from this table, so an unknown one is a plain Visa. */
export function cardNamed(name: string): TestCard {
  return BY_NAME.get(name) ?? card('visa', '4242424242424242');
}

/**
 * The card behind a test PaymentMethod (`pm_card_visa`) or token (`tok_visa`). Stripe publishes
 * some with the brand in front (`pm_card_visa_chargeDeclined`) and some without: both are taken.
 */
export function cardOfTestId(id: string, prefix: 'pm_card_' | 'tok_'): TestCard | undefined {
  if (!id.startsWith(prefix)) return undefined;
  const name = id.slice(prefix.length);
  return BY_NAME.get(name) ?? BY_NAME.get(name.replace(/^visa_/, ''));
}

/** The card with this number; any other valid number is a plain Visa, an invalid one is none. */
export function cardOfNumber(digits: string): TestCard | undefined {
  const known = BY_NUMBER.get(digits);
  if (known !== undefined) return known;
  return /^\d{12,19}$/.test(digits) && passesLuhn(digits) ? { ...card('visa', digits) } : undefined;
}

function passesLuhn(digits: string): boolean {
  const sum = [...digits].toReversed().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
