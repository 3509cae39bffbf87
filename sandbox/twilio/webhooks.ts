import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

export type FormParams = Readonly<Record<string, string>>;

export interface WebhookRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly params: FormParams;
}

/** A webhook as it went out. `status` is null when nobody answered. */
export interface WebhookAttempt extends WebhookRequest {
  readonly at: number;
  readonly status: number | null;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly body: string;
}

export interface Webhooks {
  /** Asks and waits for the answer; null when nobody answered. Never held back by `pause`. */
  ask(request: WebhookRequest): Promise<WebhookAnswer | null>;
  /** Sends a status callback; those of one `thread` go out one after the other. */
  notify(thread: string, request: WebhookRequest): void;
  pause(): void;
  resume(): void;
  /** Sends what was held back, optionally newest first or everything twice. */
  flush(options?: { reverse?: boolean; duplicate?: boolean }): Promise<number>;
  state(): { paused: boolean; held: number; recent: readonly WebhookAttempt[] };
  /** Waits until every callback under way has been answered. */
  settled(): Promise<void>;
  close(): void;
}

export interface WebhookOptions {
  readonly authToken: string;
  readonly clock: () => number;
  readonly timeoutMs?: number;
  /** Pause before the one retry that follows a failed connection, as the provider makes it. */
  readonly retryDelayMs?: number;
}

const KEPT_ATTEMPTS = 500;

/**
 * The provider's signature: HMAC-SHA1 under the account's token over the URL followed by
 * every form parameter, name and value, in the order of names.
 */
export function signRequest(authToken: string, url: string, params: FormParams): string {
  const text = Object.keys(params)
    .toSorted()
    .reduce((all, name) => `${all}${name}${params[name] ?? ''}`, url);
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64');
}

export function createWebhooks(options: WebhookOptions): Webhooks {
  const closing = new AbortController();
  const recent: WebhookAttempt[] = [];
  const ask = async (request: WebhookRequest): Promise<WebhookAnswer | null> => {
    const answer = await askWithRetry(options, request, closing.signal);
    recent.push({ ...request, at: options.clock(), status: answer?.status ?? null });
    if (recent.length > KEPT_ATTEMPTS) recent.shift();
    return answer;
  };
  const threads = createThreads(ask);
  let held: { thread: string; request: WebhookRequest }[] = [];
  let paused = false;
  return {
    ask,
    notify(thread, request) {
      if (paused) held.push({ thread, request });
      else void threads.send(thread, request);
    },
    pause: () => void (paused = true),
    resume: () => void (paused = false),
    async flush({ reverse = false, duplicate = false } = {}) {
      const batch = reverse ? held.toReversed() : held;
      held = [];
      const all = duplicate ? batch.flatMap((item) => [item, item]) : batch;
      for (const { thread, request } of all) await threads.send(thread, request);
      return all.length;
    },
    state: () => ({ paused, held: held.length, recent }),
    settled: threads.settled,
    close: () => closing.abort(),
  };
}

interface Threads {
  send(thread: string, request: WebhookRequest): Promise<void>;
  settled(): Promise<void>;
}

/** Sends the requests of one thread one after the other, and threads side by side. */
function createThreads(ask: Webhooks['ask']): Threads {
  const ends = new Map<string, Promise<void>>();
  const inTurn = async (
    before: Promise<void> | undefined,
    request: WebhookRequest,
  ): Promise<void> => {
    await before;
    await ask(request);
  };
  return {
    send(thread, request) {
      const end = inTurn(ends.get(thread), request).finally(() => {
        if (ends.get(thread) === end) ends.delete(thread);
      });
      ends.set(thread, end);
      return end;
    },
    async settled() {
      while (ends.size > 0) await Promise.all(ends.values());
    },
  };
}

async function askWithRetry(
  options: WebhookOptions,
  request: WebhookRequest,
  signal: AbortSignal,
): Promise<WebhookAnswer | null> {
  const token = randomUUID();
  for (const attempt of [1, 2]) {
    if (signal.aborted) return null;
    try {
      return await post(options, request, token, signal);
    } catch {
      if (attempt === 1) await delay(options.retryDelayMs ?? 1000, signal);
    }
  }
  return null;
}

async function post(
  options: WebhookOptions,
  { url, method, params }: WebhookRequest,
  idempotencyToken: string,
  closing: AbortSignal,
): Promise<WebhookAnswer> {
  const target = method === 'GET' ? withQuery(url, params) : url;
  const response = await fetch(target, {
    method,
    headers: {
      'User-Agent': 'TwilioProxy/1.1',
      'I-Twilio-Idempotency-Token': idempotencyToken,
      'X-Twilio-Signature': signRequest(options.authToken, target, method === 'GET' ? {} : params),
    },
    redirect: 'manual',
    signal: AbortSignal.any([closing, AbortSignal.timeout(options.timeoutMs ?? 15_000)]),
    ...(method === 'GET' ? {} : { body: new URLSearchParams(params) }),
  });
  return { status: response.status, body: await response.text() };
}

function withQuery(url: string, params: FormParams): string {
  const query = new URLSearchParams(params).toString();
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
