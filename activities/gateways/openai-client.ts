import OpenAI from 'openai';

export interface EndpointSettings {
  /** Such as `https://api.example.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The model's name at that endpoint. */
  readonly model: string;
  /** Hard limit for one call, retries included, ms. */
  readonly timeoutMs: number;
  /** How often a call that failed before it began to answer is made again. */
  readonly retries: number;
}

/** Its own variables and its own log are left alone: settings come from one place, and texts go nowhere. */
export function openClient({ baseUrl, apiKey, timeoutMs, retries }: EndpointSettings): OpenAI {
  return new OpenAI({
    baseURL: baseUrl,
    apiKey,
    organization: null,
    project: null,
    timeout: timeoutMs,
    maxRetries: retries,
    logLevel: 'off',
    // A redirect would carry what somebody said to an address that nobody configured.
    fetchOptions: { redirect: 'error' },
  });
}

/** Why there was no answer. */
export type EndpointFault = 'timeout' | 'unreachable' | 'busy' | 'refused' | 'unreadable';

export function faultOf(error: unknown): EndpointFault {
  if (error instanceof OpenAI.APIConnectionTimeoutError) return 'timeout';
  if (error instanceof OpenAI.APIConnectionError) return 'unreachable';
  const status: unknown = error instanceof OpenAI.APIError ? error.status : undefined;
  if (typeof status !== 'number') return 'unreadable';
  return status === 408 || status === 429 || status >= 500 ? 'busy' : 'refused';
}
