import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { authenticate } from './authentication.ts';
import { serverError, StripeProblem } from './errors.ts';
import { API_VERSION } from './event-log.ts';
import type { Cause } from './event-log.ts';
import { expand } from './expand.ts';
import type { Fault, FaultPlan } from './faults.ts';
import type { IdempotencyKeys } from './idempotency.ts';
import { randomText } from './ids.ts';
import { Params } from './params.ts';
import type { Handler } from './routes.ts';
import type { Settings } from './records.ts';
import type { Store } from './store.ts';

export type Pipeline = {
  readonly store: Store;
  readonly secretKey: string;
  readonly keys: IdempotencyKeys;
  readonly faults: FaultPlan;
  nowMs(): number;
  settings(): Settings;
  /** Names the request that the events of the coming transaction are due to. */
  attribute(cause: Cause): void;
  /** Webhooks and due tasks, after every transaction. */
  afterwards(): void;
  /** An error that no handler expected. */
  onCrash(error: unknown): void;
};

type Answer = { status: number; body: unknown; problem: StripeProblem | null };
type Values = Record<string, unknown>;

const HANG_UP_AFTER_MS = 120_000;

/** Serves one route: authentication, faults, idempotency, the handler, expansion, the answer. */
export async function serve(
  pipeline: Pipeline,
  handle: Handler,
  req: Request,
  res: Response,
): Promise<void> {
  const requestId = `req_${randomText(14)}`;
  const key = req.method === 'POST' ? (req.get('idempotency-key') ?? null) : null;
  res.set('Request-Id', requestId);
  res.set('Stripe-Version', req.get('stripe-version') ?? API_VERSION);
  if (key !== null) res.set('Idempotency-Key', key);
  const fault = pipeline.faults.take(req.method, pathOf(req));
  if (fault?.kind === 'drop_before') {
    req.socket.destroy();
    return;
  }
  try {
    authenticate(req.get('authorization'), pipeline.secretKey);
    refuseBefore(fault, res);
    const answer = await perform(pipeline, handle, req, res, { requestId, key, fault });
    send(res, answer, fault);
  } catch (error) {
    const problem = error instanceof StripeProblem ? error : crash(pipeline, error);
    send(res, { status: problem.status, body: errorBody(problem, requestId), problem }, fault);
  } finally {
    pipeline.afterwards();
  }
}

function pathOf(req: Request): string {
  return `${req.baseUrl}${req.path}`;
}

function crash(pipeline: Pipeline, error: unknown): StripeProblem {
  pipeline.onCrash(error);
  return serverError('refused');
}

/** Faults that strike before the endpoint begins. */
function refuseBefore(fault: Fault | null, res: Response): void {
  if (fault?.kind === 'error_500') throw serverError('refused');
  if (fault?.kind !== 'rate_limit') return;
  res.set('Stripe-Rate-Limited-Reason', 'global-rate');
  const message =
    'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.';
  const body = { type: 'invalid_request_error', code: 'rate_limit', message } as const;
  throw new StripeProblem(429, body, 'refused');
}

type Circumstances = { requestId: string; key: string | null; fault: Fault | null };

async function perform(
  pipeline: Pipeline,
  handle: Handler,
  req: Request,
  res: Response,
  { requestId, key, fault }: Circumstances,
): Promise<Answer> {
  const values: Values =
    req.method === 'GET' ? req.query : ((req.body as Values | undefined) ?? {});
  const path = pathOf(req);
  const earlier = key === null ? null : pipeline.keys.begin(key, path, values);
  if (earlier !== null) {
    res.set('Idempotent-Replayed', 'true');
    res.set('Original-Request', earlier.requestId);
    if (earlier.status >= 500) res.set('Stripe-Should-Retry', 'false');
    return { status: earlier.status, body: earlier.body, problem: null };
  }
  try {
    const waitMs = pipeline.settings().latencyMs + (fault?.kind === 'slow' ? fault.delayMs : 0);
    if (waitMs > 0) await delay(waitMs);
    pipeline.attribute({ id: requestId, idempotencyKey: key });
    return pipeline.store.transaction(() => {
      const answer = struck(run(pipeline, handle, req, values, requestId), fault, requestId, res);
      if (key !== null && answer.problem?.stage !== 'refused') {
        const { status, body } = answer;
        const createdMs = pipeline.nowMs();
        pipeline.keys.keep(key, values, { path, requestId, status, body, createdMs });
      }
      return answer;
    });
  } finally {
    if (key !== null) pipeline.keys.end(key);
  }
}

/** What the handler answers. A refused request throws, so that its transaction is undone. */
function run(
  pipeline: Pipeline,
  handle: Handler,
  req: Request,
  values: Values,
  requestId: string,
): Answer {
  const params = new Params(values);
  try {
    const paths = params.list('expand') ?? [];
    const body = handle({
      params,
      baseUrl: `${req.protocol}://${req.get('host') ?? 'localhost'}`,
      path: (name) => String(req.params[name] ?? ''),
    });
    params.finish();
    return { status: 200, body: expand(pipeline.store, body, paths), problem: null };
  } catch (error) {
    if (!(error instanceof StripeProblem) || error.stage === 'refused') throw error;
    return { status: error.status, body: errorBody(error, requestId), problem: error };
  }
}

/** The stored 500 of Stripe's bad days: the work is done and the answer says otherwise. */
function struck(answer: Answer, fault: Fault | null, requestId: string, res: Response): Answer {
  if (fault?.kind !== 'error_500_stored') return answer;
  const problem = serverError('performed');
  res.set('Stripe-Should-Retry', 'false');
  return { status: problem.status, body: errorBody(problem, requestId), problem };
}

/** What a problem looks like on the wire. */
export function errorBody(problem: StripeProblem, requestId: string): unknown {
  const url = `https://dashboard.stripe.com/test/logs/${requestId}`;
  return { error: { ...problem.body, request_log_url: url } };
}

function send(res: Response, answer: Answer, fault: Fault | null): void {
  if (fault?.kind === 'drop_after') {
    res.socket?.destroy();
    return;
  }
  if (fault?.kind === 'timeout_after') {
    const waitMs = fault.delayMs > 0 ? fault.delayMs : HANG_UP_AFTER_MS;
    setTimeout(() => res.socket?.destroy(), waitMs).unref();
    return;
  }
  if (!res.destroyed) res.status(answer.status).json(answer.body);
}
