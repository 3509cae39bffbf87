import type { Payment } from './index.ts';

const LISTED = 100;

/** Payments and refunds, newest first, asked of the card stand-in in its own language. */
export async function listPayments(baseUrl: string, secretKey: string): Promise<Payment[]> {
  const lists = await Promise.all([
    list(`${baseUrl}/v1/payment_intents?limit=${String(LISTED)}`, secretKey, 'payment'),
    list(`${baseUrl}/v1/refunds?limit=${String(LISTED)}`, secretKey, 'refund'),
  ]);
  return lists.flat().toSorted((one, other) => other.createdAt - one.createdAt);
}

async function list(url: string, secretKey: string, kind: Payment['kind']): Promise<Payment[]> {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${secretKey}` } });
  const body: unknown = response.ok ? await response.json() : null;
  const data: unknown = isObject(body) ? body['data'] : null;
  return Array.isArray(data) ? data.filter(isObject).map((item) => read(item, kind)) : [];
}

function read(item: Record<string, unknown>, kind: Payment['kind']): Payment {
  return {
    id: String(item['id']),
    kind,
    createdAt: Number(item['created']) * 1000,
    amountCents: Number(item['amount']),
    currency: String(item['currency']),
    status: String(item['status']),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
