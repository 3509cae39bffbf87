export type EligibilityAnswer =
  | { readonly status: 'active'; readonly copayCents: number; readonly currency: string }
  | {
      /** `unpriced`: in force, but the payer names no co-pay that could be charged. */
      readonly status: 'inactive' | 'unknown_member' | 'unknown_payer' | 'unpriced';
      /** A payer's code, or one of ours: `not_in_force`, `not_covered`, `no_copay`. */
      readonly reasonCode: string;
    };

type Json = Readonly<Record<string, unknown>>;

/** Reads a CoverageEligibilityResponse; a payer's answer is not to be trusted to be one. */
export function readAnswer(body: unknown): EligibilityAnswer | 'pending' | 'unreadable' {
  if (!isObject(body) || body['resourceType'] !== 'CoverageEligibilityResponse') {
    return 'unreadable';
  }
  switch (body['outcome']) {
    case 'error':
      return readRejection(body);
    case 'queued':
      return 'pending';
    case 'complete':
    case 'partial':
      return readInsurance(body);
    default:
      return 'unreadable';
  }
}

/** X12 reject reasons that say who is unknown; 42 and 80 say that no answer can be had. */
const UNKNOWN_MEMBER = new Set([
  '58',
  '64',
  '65',
  '67',
  '68',
  '71',
  '72',
  '73',
  '74',
  '75',
  '76',
  '78',
  '91',
]);
const UNKNOWN_PAYER = new Set(['79']);

function readRejection(body: Json): EligibilityAnswer | 'pending' | 'unreadable' {
  const codes = objects(body['error']).flatMap((error) => codesOf(error['code']));
  const payer = codes.find((code) => UNKNOWN_PAYER.has(code));
  if (payer !== undefined) return { status: 'unknown_payer', reasonCode: payer };
  const member = codes.find((code) => UNKNOWN_MEMBER.has(code));
  if (member !== undefined) return { status: 'unknown_member', reasonCode: member };
  return codes.includes('42') || codes.includes('80') ? 'pending' : 'unreadable';
}

function readInsurance(body: Json): EligibilityAnswer | 'unreadable' {
  const [insurance] = objects(body['insurance']);
  if (insurance === undefined || typeof insurance['inforce'] !== 'boolean') return 'unreadable';
  if (!insurance['inforce']) return { status: 'inactive', reasonCode: 'not_in_force' };
  const items = objects(insurance['item']).filter(isInNetwork);
  const covered = items.filter((item) => item['excluded'] !== true);
  if (items.length > 0 && covered.length === 0) {
    return { status: 'inactive', reasonCode: 'not_covered' };
  }
  const copays = covered
    .flatMap((item) => objects(item['benefit']))
    .filter((benefit) => codesOf(benefit['type']).includes('copay'))
    .flatMap((benefit) => readMoney(benefit['allowedMoney']) ?? []);
  const [copay] = copays;
  return copay === undefined
    ? { status: 'unpriced', reasonCode: 'no_copay' }
    : { status: 'active', ...copay };
}

/** An item that names no network holds for all of them. */
function isInNetwork(item: Json): boolean {
  const network = codesOf(item['network']);
  return network.length === 0 || network.includes('in');
}

/** Money in the currency's smallest unit; null when it is no amount that can be paid. */
function readMoney(money: unknown): { copayCents: number; currency: string } | null {
  if (!isObject(money)) return null;
  const { value, currency } = money;
  if (typeof value !== 'number' || !(value >= 0) || typeof currency !== 'string') return null;
  if (!/^[A-Z]{3}$/.test(currency)) return null;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const copayCents = Math.round(value * 10 ** digits);
  return Number.isSafeInteger(copayCents) ? { copayCents, currency } : null;
}

function codesOf(concept: unknown): string[] {
  if (!isObject(concept)) return [];
  return objects(concept['coding'])
    .map((coding) => coding['code'])
    .filter((code) => typeof code === 'string');
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
