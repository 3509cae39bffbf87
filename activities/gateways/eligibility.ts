import { setTimeout } from 'node:timers/promises';
import { HoldfastError } from '../../domain/errors.ts';
import { type EligibilityAnswer, readAnswer } from './eligibility-answer.ts';
import { buildRequest } from './eligibility-request.ts';

export type { EligibilityAnswer } from './eligibility-answer.ts';

export interface EligibilityGatewaySettings {
  /** Base address of a FHIR R4 server of payers, or of a clearing house. */
  readonly baseUrl: string;
  /** Hard limit for one question, retries included. */
  readonly timeoutMs?: number;
  /** Sent as a bearer token, where the server asks for one. */
  readonly accessToken?: string;
}

export interface EligibilityQuestion {
  /** The insurer's name, as people know it. */
  readonly payer: string;
  readonly memberId: string;
  readonly groupNumber?: string;
  /** The local day of the session, `YYYY-MM-DD`. */
  readonly serviceDate: string;
  readonly serviceType: ServiceType;
}

export type ServiceType = 'mental-health';

export interface EligibilityGateway {
  /**
   * Asks whether a member is covered on a day, and for what co-pay in the currency's
   * smallest unit. Asking is free of effects: it may be repeated.
   * @throws HoldfastError `dependency_unavailable` when no answer can be had now; its
   *   details give a `reason` (see EligibilityFault) and, where known, `retryAfterSeconds`.
   */
  verify(question: EligibilityQuestion): Promise<EligibilityAnswer>;
}

/**
 * `timeout`, `unreachable`, `busy` (the payer asks for patience), `pending` (it answers
 * later, by other means), `refused` (it does not accept our requests: a human must look at
 * the configuration), `unreadable` (its answer can't be understood).
 */
export type EligibilityFault =
  'timeout' | 'unreachable' | 'busy' | 'pending' | 'refused' | 'unreadable';

const DEFAULT_TIMEOUT_MS = 8000;
const PAUSE_MS = 200;
const MAX_ANSWER_BYTES = 1024 * 1024;

export function createEligibilityGateway(settings: EligibilityGatewaySettings): EligibilityGateway {
  const base = settings.baseUrl.replace(/\/+$/, '');
  const url = `${base}/CoverageEligibilityRequest/$submit`;
  return {
    async verify(question) {
      const body = JSON.stringify(buildRequest(question, new Date()));
      const deadline = AbortSignal.timeout(settings.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      const reply = await ask({ url, body, accessToken: settings.accessToken ?? null, deadline });
      if (reply.kind === 'fault') throw unavailable(reply.reason, reply.retryAfterSeconds);
      const answer = readAnswer(reply.resource);
      if (answer === 'pending' || answer === 'unreadable') throw unavailable(answer, null);
      return answer;
    },
  };
}

interface Post {
  readonly url: string;
  readonly body: string;
  readonly accessToken: string | null;
  readonly deadline: AbortSignal;
}

type Reply =
  | { readonly kind: 'answer'; readonly resource: unknown }
  | {
      readonly kind: 'fault';
      readonly reason: EligibilityFault;
      readonly retryAfterSeconds: number | null;
    };

/** Posts the question, once more after a passing fault unless the payer names a time. */
async function ask(post: Post): Promise<Reply> {
  const first = await attempt(post);
  const passing =
    first.kind === 'fault' &&
    (first.reason === 'unreachable' || first.reason === 'busy') &&
    first.retryAfterSeconds === null;
  if (!passing) return first;
  try {
    await setTimeout(PAUSE_MS, undefined, { signal: post.deadline });
  } catch {
    return first;
  }
  return attempt(post);
}

async function attempt({ url, body, accessToken, deadline }: Post): Promise<Reply> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        Accept: 'application/fhir+json',
        'Content-Type': 'application/fhir+json',
        ...(accessToken === null ? {} : { Authorization: `Bearer ${accessToken}` }),
      },
      body,
      // A redirect would carry the member's data to an address that nobody configured.
      redirect: 'error',
      signal: deadline,
    });
    if (response.ok) return await readResource(response);
    await response.body?.cancel();
    const { status } = response;
    const busy = status === 429 || status >= 500;
    return fault(busy ? 'busy' : 'refused', retryAfterSeconds(response));
  } catch {
    return fault(deadline.aborted ? 'timeout' : 'unreachable');
  }
}

async function readResource(response: Response): Promise<Reply> {
  const decoder = new TextDecoder();
  let text = '';
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    byteCount += chunk.byteLength;
    if (byteCount > MAX_ANSWER_BYTES) return fault('unreadable');
    text += decoder.decode(chunk, { stream: true });
  }
  try {
    return { kind: 'answer', resource: JSON.parse(text + decoder.decode()) };
  } catch {
    return fault('unreadable');
  }
}

function retryAfterSeconds(response: Response): number | null {
  const value = response.headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(value) ? Number(value) : null;
}

function fault(reason: EligibilityFault, retryAfter: number | null = null): Reply {
  return { kind: 'fault', reason, retryAfterSeconds: retryAfter };
}

function unavailable(reason: EligibilityFault, retryAfter: number | null): HoldfastError {
  return new HoldfastError('dependency_unavailable', 'The insurer gives no answer now.', {
    reason,
    ...(retryAfter === null ? {} : { retryAfterSeconds: retryAfter }),
  });
}
