import type { OutboundFault, OutboundHttp } from '../gateways/outbound-http.ts';

export type CalendarFault = OutboundFault | 'access_denied' | 'not_found' | 'server_error';

export type FetchedCalendar =
  | {
      readonly kind: 'fetched';
      readonly text: string;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: CalendarFault };

/** By what a server knows the copy that was read before. */
export interface KnownCopy {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

const LIMITS = {
  maxRedirects: 3,
  maxBytes: 5 * 1024 * 1024,
  timeoutMs: 20_000,
  connectTimeoutMs: 5_000,
} as const;
/** A longer tag is no tag that is worth keeping. */
const MAX_TAG_LENGTH = 500;

/** Fetches a calendar from an address that a person has named; `known` asks only for a newer one. */
export async function fetchCalendar(
  http: OutboundHttp,
  url: string,
  known: KnownCopy | null,
): Promise<FetchedCalendar> {
  const isConditional = (known?.etag ?? known?.lastModified ?? null) !== null;
  const answer = await http.request({
    ...LIMITS,
    method: 'GET',
    url,
    headers: { accept: 'text/calendar, text/plain;q=0.5, */*;q=0.1', ...conditionsOf(known) },
  });
  if (answer.kind === 'failed') return { kind: 'failed', error: answer.fault };
  if (answer.status === 304 && isConditional) return { kind: 'unchanged' };
  if (answer.status !== 200) return { kind: 'failed', error: faultOf(answer.status) };
  return {
    kind: 'fetched',
    text: answer.body.toString('utf8'),
    etag: tagOf(answer.headers.etag),
    lastModified: tagOf(answer.headers['last-modified']),
  };
}

function conditionsOf(known: KnownCopy | null): Record<string, string> {
  if (known === null) return {};
  if (known.etag !== null) return { 'if-none-match': known.etag };
  return known.lastModified === null ? {} : { 'if-modified-since': known.lastModified };
}

function faultOf(status: number): CalendarFault {
  if (status === 401 || status === 403) return 'access_denied';
  if (status === 404 || status === 410) return 'not_found';
  return status >= 500 || status === 429 ? 'server_error' : 'unreadable';
}

/** What is sent back as a header must be one: printable, of one line. */
function tagOf(header: string | undefined): string | null {
  if (header === undefined || header.length > MAX_TAG_LENGTH) return null;
  return /^[\x20-\x7e]+$/.test(header) ? header : null;
}
