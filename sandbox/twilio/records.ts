import { randomBytes } from 'node:crypto';

export const API_VERSION = '2010-04-01';

export type MessageStatus =
  'queued' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'received' | 'canceled';

export interface MessageRecord {
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly body: string;
  readonly direction: 'outbound-api' | 'outbound-reply' | 'inbound';
  readonly status: MessageStatus;
  readonly errorCode: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly sentAt: number | null;
  readonly statusCallback: string | null;
  readonly messagingServiceSid: string | null;
}

export type CallStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'no-answer'
  | 'failed'
  | 'canceled';

export type CallEvent = 'initiated' | 'ringing' | 'answered' | 'completed';

export interface CallRecord {
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly status: CallStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly answeredBy: string | null;
  readonly machineDetection: boolean;
  readonly ringTimeoutSeconds: number;
  readonly url: string | null;
  readonly method: 'GET' | 'POST';
  readonly twiml: string | null;
  readonly statusCallback: string | null;
  readonly statusCallbackMethod: 'GET' | 'POST';
  readonly statusCallbackEvents: readonly CallEvent[];
  /** Number of the next progress callback, counted from 0. */
  readonly sequence: number;
  /** What was said and keyed in, for whoever looks at the stand-in. */
  readonly transcript: readonly string[];
}

export function isFinalCall(call: CallRecord): boolean {
  return !['queued', 'initiated', 'ringing', 'in-progress'].includes(call.status);
}

export function newSid(prefix: 'SM' | 'CA'): string {
  return `${prefix}${randomBytes(16).toString('hex')}`;
}

/** RFC 2822 in UTC, as the provider writes it. */
export function rfc2822(atMs: number): string {
  return new Date(atMs).toUTCString().replace('GMT', '+0000');
}

const GSM_BASIC =
  /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/u;

/** How many parts a text takes on the air: 160 characters of GSM-7, else 70 of UCS-2. */
export function segmentCount(body: string): number {
  const gsm = GSM_BASIC.test(body);
  const [single, joined] = gsm ? [160, 153] : [70, 67];
  return body.length <= single ? 1 : Math.ceil(body.length / joined);
}

export function presentMessage(accountSid: string, message: MessageRecord): object {
  const uri = `/${API_VERSION}/Accounts/${accountSid}/Messages/${message.sid}`;
  return {
    account_sid: accountSid,
    api_version: API_VERSION,
    body: message.body,
    date_created: rfc2822(message.createdAt),
    date_sent: message.sentAt === null ? null : rfc2822(message.sentAt),
    date_updated: rfc2822(message.updatedAt),
    direction: message.direction,
    error_code: message.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: message.messagingServiceSid,
    num_media: '0',
    num_segments: String(segmentCount(message.body)),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  };
}

export function presentCall(accountSid: string, call: CallRecord): object {
  const uri = `/${API_VERSION}/Accounts/${accountSid}/Calls/${call.sid}`;
  const at = (ms: number | null): string | null => (ms === null ? null : rfc2822(ms));
  return {
    account_sid: accountSid,
    answered_by: call.answeredBy,
    api_version: API_VERSION,
    caller_name: null,
    date_created: rfc2822(call.createdAt),
    date_updated: rfc2822(call.updatedAt),
    direction: 'outbound-api',
    duration: call.endedAt === null ? null : String(durationSeconds(call)),
    end_time: at(call.endedAt),
    forwarded_from: null,
    from: call.from,
    from_formatted: call.from,
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: null,
    price: null,
    price_unit: 'USD',
    queue_time: '0',
    sid: call.sid,
    start_time: at(call.startedAt),
    status: call.status === 'initiated' ? 'queued' : call.status,
    subresource_uris: { events: `${uri}/Events.json` },
    to: call.to,
    to_formatted: call.to,
    trunk_sid: null,
    uri: `${uri}.json`,
  };
}

export function durationSeconds(call: CallRecord): number {
  if (call.startedAt === null || call.endedAt === null) return 0;
  return Math.max(0, Math.round((call.endedAt - call.startedAt) / 1000));
}
