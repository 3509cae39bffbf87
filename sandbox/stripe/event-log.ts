import { noSuch } from './errors.ts';
import { newId } from './ids.ts';
import { page } from './lists.ts';
import type { EventObject, EventRecord } from './records.ts';
import type { Call, Route } from './routes.ts';
import type { Store } from './store.ts';

/** The API version that the stand-in speaks, the one that the SDK in use is made for. */
export const API_VERSION = '2026-10-28.endive';

/** What a webhook endpoint of this product subscribes to; the rest can be listed only. */
export const WEBHOOK_EVENTS: readonly string[] = [
  'payment_intent.created',
  'payment_intent.succeeded',
  'payment_intent.amount_capturable_updated',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.requires_action',
  'payment_intent.processing',
  'charge.refunded',
  'charge.dispute.created',
  'charge.dispute.closed',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'setup_intent.succeeded',
  'setup_intent.setup_failed',
];

export type Cause = { id: string | null; idempotencyKey: string | null };

/** The event for a change, with a snapshot of the object and, given `before`, what changed. */
export function newEvent(
  type: string,
  object: EventObject,
  before: EventObject | undefined,
  cause: Cause,
  created: number,
): EventRecord {
  return {
    id: newId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created,
    data:
      before === undefined ? { object } : { object, previous_attributes: changes(before, object) },
    livemode: false,
    pending_webhooks: WEBHOOK_EVENTS.includes(type) ? 1 : 0,
    request: { id: cause.id, idempotency_key: cause.idempotencyKey },
    type,
  };
}

function changes(before: EventObject, after: EventObject): Record<string, unknown> {
  const now = new Map<string, unknown>(Object.entries(after));
  const old = Object.entries(before).filter(
    ([name, value]) => JSON.stringify(now.get(name)) !== JSON.stringify(value),
  );
  const added = [...now.keys()].filter((name) => !(name in before));
  return { ...Object.fromEntries(old), ...Object.fromEntries(added.map((name) => [name, null])) };
}

function retrieve(store: Store, call: Call): EventRecord {
  const id = call.path('id');
  const event = store.get('events', id);
  if (event === undefined) throw noSuch('event', id, 'id', 'path');
  return shown(store, event);
}

/** The event as it stands: what is stored never changes, deliveries are counted on top. */
function shown(store: Store, event: EventRecord): EventRecord {
  const delivered = store.get('deliveries', event.id)?.state === 'delivered';
  return delivered ? { ...event, pending_webhooks: 0 } : event;
}

function list(store: Store, call: Call): unknown {
  const type = call.params.string('type');
  const types = call.params.list('types');
  const delivered = call.params.boolean('delivery_success');
  const rows = store
    .all('events')
    .map((event) => shown(store, event))
    .filter((event) => type === undefined || fits(event.type, type))
    .filter((event) => types === undefined || types.some((each) => fits(event.type, each)))
    .filter((event) => delivered === undefined || (event.pending_webhooks === 0) === delivered);
  return page(call.params, rows, '/v1/events', 'event');
}

/** A filter may end in a star: `charge.*`. */
function fits(type: string, filter: string): boolean {
  return filter.endsWith('*') ? type.startsWith(filter.slice(0, -1)) : type === filter;
}

/** The routes of `/v1/events`. */
export function eventRoutes(store: Store): Route[] {
  return [
    { method: 'get', path: '/events', handle: (call) => list(store, call) },
    { method: 'get', path: '/events/:id', handle: (call) => retrieve(store, call) },
  ];
}
