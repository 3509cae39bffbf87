import { invalidParameter } from './errors.ts';
import type { CollectionName, Store } from './store.ts';

type Json = Record<string, unknown>;

/** The references that each kind of object may show in full. */
const EXPANDABLE: Record<string, readonly string[]> = {
  payment_intent: ['customer', 'latest_charge', 'payment_method'],
  charge: ['customer', 'payment_intent', 'refunds'],
  refund: ['charge', 'payment_intent', 'payment_method'],
  payment_method: ['customer'],
  setup_intent: ['customer', 'payment_method'],
  dispute: ['charge', 'payment_intent'],
  customer: ['default_payment_method'],
};

const COLLECTION_OF_PREFIX: Record<string, CollectionName> = {
  pi: 'payment_intents',
  ch: 'charges',
  re: 'refunds',
  pm: 'payment_methods',
  cus: 'customers',
  seti: 'setup_intents',
};

const MAX_DEPTH = 4;

/** `body` with each reference that `paths` name (for example `latest_charge`) shown in full. */
export function expand(store: Store, body: unknown, paths: readonly string[]): unknown {
  return paths.reduce((result, path) => {
    const segments = path.split('.');
    if (segments.length > MAX_DEPTH) {
      const message = `You cannot expand more than ${MAX_DEPTH} levels of a property. Property: ${path}`;
      throw invalidParameter(message);
    }
    return descend(store, result, segments, path);
  }, body);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function descend(store: Store, value: unknown, segments: readonly string[], path: string): unknown {
  const [name, ...rest] = segments;
  if (name === undefined || !isObject(value)) return value;
  if (Array.isArray(value[name])) {
    const items: unknown[] = value[name];
    return { ...value, [name]: items.map((item) => descend(store, item, rest, path)) };
  }
  const child = resolve(store, value, name, path, rest.length > 0);
  return { ...value, [name]: descend(store, child, rest, path) };
}

function resolve(
  store: Store,
  parent: Json,
  name: string,
  path: string,
  continues: boolean,
): unknown {
  const current = parent[name];
  if (isObject(current)) return current;
  const kind = typeof parent['object'] === 'string' ? parent['object'] : 'customer';
  if (!EXPANDABLE[kind]?.includes(name)) {
    const hint = continues ? '' : ' You may want to try expanding something else.';
    throw invalidParameter(`This property cannot be expanded (${path}).${hint}`, 'expand');
  }
  if (name === 'refunds') return refundsOf(store, String(parent['id']));
  return typeof current === 'string' ? (find(store, current) ?? current) : (current ?? null);
}

function find(store: Store, id: string): unknown {
  const collection = COLLECTION_OF_PREFIX[id.slice(0, id.indexOf('_'))];
  return collection === undefined ? undefined : store.get(collection, id);
}

function refundsOf(store: Store, charge: string): unknown {
  const data = store.all('refunds').filter((refund) => refund.charge === charge);
  const url = `/v1/charges/${charge}/refunds`;
  return { object: 'list', data: data.toReversed(), has_more: false, url };
}
