import express, { type Router } from 'express';

/** One way of misbehaving, for the next `remaining` requests that it matches. */
export interface Fault<K extends string> {
  readonly kind: K;
  readonly remaining: number;
  /** Only requests to this recipient, when set. */
  readonly to?: string;
}

export interface Faults<K extends string> {
  /** The fault that the coming request must suffer, used up by this call; null for none. */
  take(to?: string): K | null;
  add(kind: K, options?: { count?: number; to?: string }): void;
  clear(): void;
  /** `GET`, `POST {kind, count?, to?}` and `DELETE` of the pending faults. */
  readonly router: Router;
}

/** Keeps the faults that a test or a curious person asked a stand-in to show. */
export function createFaults<K extends string>(kinds: readonly K[]): Faults<K> {
  let pending: Fault<K>[] = [];

  const take = (to?: string): K | null => {
    const hit = pending.find((fault) => fault.to === undefined || fault.to === to);
    if (hit === undefined) return null;
    pending = pending
      .map((fault) => (fault === hit ? { ...fault, remaining: fault.remaining - 1 } : fault))
      .filter((fault) => fault.remaining > 0);
    return hit.kind;
  };
  const add: Faults<K>['add'] = (kind, { count = 1, to } = {}) => {
    pending.push({ kind, remaining: count, ...(to === undefined ? {} : { to }) });
  };
  const clear = (): void => {
    pending = [];
  };
  return { take, add, clear, router: faultRouter(kinds, () => pending, add, clear) };
}

function faultRouter<K extends string>(
  kinds: readonly K[],
  pending: () => readonly Fault<K>[],
  add: Faults<K>['add'],
  clear: () => void,
): Router {
  const router = express.Router();
  router.get('/', (_req, res) => {
    res.json({ kinds, faults: pending() });
  });
  router.post('/', express.json(), (req, res) => {
    const body: unknown = req.body;
    const { kind: name, count = 1, to } = asFields(body);
    const kind = kinds.find((known) => known === name);
    if (kind === undefined || !isCount(count) || (to !== undefined && typeof to !== 'string')) {
      res
        .status(400)
        .json({ error: `kind is one of ${kinds.join(', ')}; count is from 1 to 1000` });
      return;
    }
    add(kind, { count, ...(to === undefined ? {} : { to }) });
    res.status(201).json({ faults: pending() });
  });
  router.delete('/', (_req, res) => {
    clear();
    res.status(204).end();
  });
  return router;
}

function asFields(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1000;
}
