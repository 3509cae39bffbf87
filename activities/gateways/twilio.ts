import twilio from 'twilio';
import { type Delivery, neverConnected, numberProperty, stringProperty } from './delivery.ts';

export interface TwilioGatewaySettings {
  readonly accountSid: string;
  readonly authToken: string;
  /** The number, in E.164, that texts and calls come from; or a messaging service, for texts. */
  readonly from: string;
  /** Base URL to talk to in place of the provider's own. */
  readonly apiUrl?: string | null;
  /** This installation's base URL, as the provider sees it: webhook signatures cover it. */
  readonly publicUrl: string;
  /** Hard limit for one request, connecting included. */
  readonly timeoutMs?: number;
}

/**
 * `opted_out`: the person has sent STOP; `bad_number`: it can't be reached from here;
 * `misconfigured`: our own account or number is at fault; `rejected`: anything else.
 */
export type RefusalReason = 'opted_out' | 'bad_number' | 'misconfigured' | 'rejected';

export interface Sms {
  /** E.164. */
  readonly to: string;
  readonly body: string;
  /** Receives the delivery receipts, signed; it should carry the key of this send. */
  readonly statusCallback: string;
}

export interface VoiceCall {
  readonly to: string;
  /** Answers with TwiML when the call is picked up. */
  readonly url: string;
  /** Receives initiated, ringing, answered and completed, signed. */
  readonly statusCallback: string;
  readonly ringTimeoutSeconds: number;
}

export interface MessageSearch {
  readonly to: string;
  /** A piece of the body that no other text to this number has. */
  readonly bodyMarker: string;
  /** When the send began, in epoch milliseconds. */
  readonly sentAfterMs: number;
}

export interface FoundMessage {
  readonly id: string;
  readonly state: DeliveryState;
  /** The provider's error code of a failed text. */
  readonly code: string | null;
}

/** `pending` includes texts that were sent but for which no receipt has come. */
export type DeliveryState = 'pending' | 'delivered' | 'failed';

export type SearchResult =
  | { readonly kind: 'found'; readonly message: FoundMessage }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly code: string };

export interface TwilioGateway {
  /** Sends one text, once: it is never retried here. */
  sendSms(sms: Sms): Promise<Delivery<RefusalReason>>;
  /**
   * Asks the provider's list whether an ambiguous text was accepted. A text may take some
   * seconds to appear there: `absent` is certain only after a while.
   */
  findMessage(search: MessageSearch): Promise<SearchResult>;
  /** Rings somebody up, with detection of answering machines. */
  call(call: VoiceCall): Promise<Delivery<RefusalReason>>;
  /** Ends a call, ringing or answered. One that has ended already, or is unknown, is left alone. */
  hangUp(callId: string): Promise<void>;
  /** Whether a webhook at `path` (with its query) below the public URL is the provider's. */
  verifySignature(request: SignedRequest): boolean;
}

export interface SignedRequest {
  /** As in the request line: it starts with a slash and includes the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly signature: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** The provider's clock and ours may differ by this much. */
const CLOCK_SLACK_MS = 5 * 60_000;
const SEARCH_LIMIT = 200;
const PROVIDER_ORIGIN = 'https://api.twilio.com';

export function createTwilioGateway(settings: TwilioGatewaySettings): TwilioGateway {
  const { accountSid, authToken, from, publicUrl } = settings;
  const timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const httpClient = createHttpClient(timeoutMs, settings.apiUrl ?? null);
  const client = twilio(accountSid, authToken, { httpClient, timeout: timeoutMs });
  const sender = from.startsWith('MG') ? { messagingServiceSid: from } : { from };
  return {
    sendSms: ({ to, body, statusCallback }) =>
      deliver(() => client.messages.create({ to, body, statusCallback, ...sender })),
    call: ({ to, url, statusCallback, ringTimeoutSeconds }) =>
      deliver(() =>
        client.calls.create({
          to,
          from,
          url,
          statusCallback,
          statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
          machineDetection: 'Enable',
          timeout: ringTimeoutSeconds,
        }),
      ),
    hangUp: async (callId) => {
      await client
        .calls(callId)
        .update({ status: 'completed' })
        .catch((error: unknown) => {
          if (numberProperty(error, 'status') !== 404) throw error;
        });
    },
    findMessage: (search) => findMessage(client, search),
    verifySignature: ({ path, params, signature }) =>
      signature !== undefined &&
      twilio.validateRequest(authToken, signature, joinUrl(publicUrl, path), params),
  };
}

/** The provider's message status as far as it matters here. */
export function deliveryState(status: string): DeliveryState {
  if (status === 'delivered' || status === 'read') return 'delivered';
  return ['undelivered', 'failed', 'canceled'].includes(status) ? 'failed' : 'pending';
}

async function deliver(send: () => Promise<{ sid: string }>): Promise<Delivery<RefusalReason>> {
  try {
    const { sid } = await send();
    return { kind: 'accepted', id: sid };
  } catch (error) {
    return classifyFailure(error);
  }
}

async function findMessage(
  client: twilio.Twilio,
  { to, bodyMarker, sentAfterMs }: MessageSearch,
): Promise<SearchResult> {
  try {
    // No date filter: a text that is still queued has no date of sending.
    const listed = await client.messages.list({ to, limit: SEARCH_LIMIT });
    const match = listed.find(
      (message) =>
        message.direction.startsWith('outbound') &&
        message.body.includes(bodyMarker) &&
        message.dateCreated.getTime() >= sentAfterMs - CLOCK_SLACK_MS,
    );
    if (match === undefined) return { kind: 'absent' };
    const code = match.errorCode ? String(match.errorCode) : null;
    return {
      kind: 'found',
      message: { id: match.sid, state: deliveryState(match.status), code },
    };
  } catch (error) {
    return { kind: 'unavailable', code: codeOf(error) };
  }
}

const REFUSALS: Readonly<Record<number, RefusalReason>> = {
  20003: 'misconfigured',
  20404: 'misconfigured',
  21210: 'misconfigured',
  21212: 'misconfigured',
  21408: 'misconfigured',
  21603: 'misconfigured',
  21606: 'misconfigured',
  21609: 'misconfigured',
  21659: 'misconfigured',
  21211: 'bad_number',
  21217: 'bad_number',
  21612: 'bad_number',
  21614: 'bad_number',
  21610: 'opted_out',
};

/**
 * An answer of 4xx says that nothing was made, 429 and 503 that it may be tried again.
 * Other server errors, and an answer that never came, leave it open.
 */
function classifyFailure(error: unknown): Delivery<RefusalReason> {
  const status = numberProperty(error, 'status');
  const code = codeOf(error);
  if (status === null) {
    return neverConnected(code) ? { kind: 'unavailable', code } : { kind: 'ambiguous', code };
  }
  if (status === 429 || status === 503) return { kind: 'unavailable', code };
  if (status < 400 || status >= 500) return { kind: 'ambiguous', code };
  return { kind: 'refused', reason: REFUSALS[Number(code)] ?? 'rejected', code };
}

function codeOf(error: unknown): string {
  const number = numberProperty(error, 'code') ?? numberProperty(error, 'status');
  return number === null ? (stringProperty(error, 'code') ?? 'unknown') : String(number);
}

function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`;
}

/**
 * The SDK's HTTP client with a hard deadline and, when wished, another host to talk to. The
 * SDK's own limit is one of silence, which a trickling answer outlasts.
 */
function createHttpClient(timeoutMs: number, apiUrl: string | null): twilio.RequestClient {
  const client = new twilio.RequestClient({ timeout: timeoutMs });
  client.axios.interceptors.request.use((config) => {
    const url = apiUrl === null ? config.url : redirectTo(apiUrl, config.url ?? '');
    return Object.assign(config, { url, signal: AbortSignal.timeout(timeoutMs) });
  });
  return client;
}

function redirectTo(apiUrl: string, uri: string): string {
  const { origin, pathname, search } = new URL(uri);
  return origin === PROVIDER_ORIGIN ? joinUrl(apiUrl, `${pathname}${search}`) : uri;
}
