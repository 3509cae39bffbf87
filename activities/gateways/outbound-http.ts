import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { stringProperty } from './delivery.ts';
import { isPublicAddress, literalAddress, readOutboundUrl } from './public-address.ts';

export interface OutboundHttpSettings {
  /** For sandboxes and tests: private hosts and plain HTTP are allowed. */
  readonly allowPrivateHosts: boolean;
  /** All addresses of a host name; the system's resolver where not given. */
  readonly resolve?: (hostname: string) => Promise<readonly ResolvedAddress[]>;
  /** Certificates to trust instead of the public ones, in PEM. */
  readonly certificateAuthorities?: string;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface OutboundRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** 0 hands a redirect back as the answer; only `GET` may follow any. */
  readonly maxRedirects: number;
  /** The largest body that is taken, before and after decompression. */
  readonly maxBytes: number;
  /** Hard limit for all of it: resolving, connecting, redirects, the last byte. */
  readonly timeoutMs: number;
  /** Limit for one connection to stand, TLS included. */
  readonly connectTimeoutMs: number;
}

/**
 * - `bad_address`: no URL that may be called at all;
 * - `blocked_address`: it leads, directly or by a redirect, to a host that is not public;
 * - `unresolvable`, `unreachable`, `bad_certificate`, `timeout`: no answer can be had now;
 * - `too_large`, `too_many_redirects`, `unreadable`: the answer breaks the limits, or HTTP.
 */
export type OutboundFault =
  | 'bad_address'
  | 'blocked_address'
  | 'unresolvable'
  | 'unreachable'
  | 'bad_certificate'
  | 'timeout'
  | 'too_large'
  | 'too_many_redirects'
  | 'unreadable';

export type OutboundAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<http.IncomingHttpHeaders>;
      readonly body: Buffer;
    }
  | { readonly kind: 'failed'; readonly fault: OutboundFault };

export interface OutboundHttp {
  /** Calls an address that somebody else has chosen. Never throws for what that address does. */
  request(request: OutboundRequest): Promise<OutboundAnswer>;
}

/**
 * An HTTP client for addresses that callers choose, which reaches the public Internet only. A name
 * is resolved once for each connection, and the connection goes to an address that has been
 * checked, so that a second answer of the resolver can't lead it elsewhere. Each redirect is
 * checked in the same way. Connections are not kept: a pool would outlive its check.
 */
export function createOutboundHttp(settings: OutboundHttpSettings): OutboundHttp {
  return {
    request: async (request) => {
      const deadline = AbortSignal.timeout(request.timeoutMs);
      try {
        return await follow(settings, request, deadline);
      } catch (error) {
        return { kind: 'failed', fault: deadline.aborted ? 'timeout' : faultOf(error) };
      }
    },
  };
}

const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** Carries a fault of ours through the streams to the one place that answers it. */
class Refusal extends Error {
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault) {
    super(fault);
    this.fault = fault;
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

async function follow(
  settings: OutboundHttpSettings,
  request: OutboundRequest,
  deadline: AbortSignal,
): Promise<OutboundAnswer> {
  let url = checkedUrl(settings, request.url);
  let headers = request.headers ?? {};
  const maxRedirects = request.method === 'GET' ? request.maxRedirects : 0;
  for (let redirects = 0; ; redirects += 1) {
    const addresses = await withDeadline(resolvePublic(settings, url), deadline);
    const response = await connect(settings, { ...request, headers }, url, addresses, deadline);
    const { location } = response.headers;
    const isRedirect = REDIRECTS.has(response.statusCode ?? 0) && location !== undefined;
    if (!isRedirect || maxRedirects === 0) return await read(response, request.maxBytes);
    response.destroy();
    if (redirects === maxRedirects) throw new Refusal('too_many_redirects');
    const next = checkedUrl(settings, URL.parse(location, url.href)?.href ?? '');
    // What was meant for one host, such as a key, is nothing for another.
    if (next.origin !== url.origin) headers = {};
    url = next;
  }
}

function checkedUrl(settings: OutboundHttpSettings, text: string): URL {
  const url = readOutboundUrl(text, settings);
  if (typeof url === 'string') throw new Refusal(url);
  return url;
}

async function resolvePublic(
  settings: OutboundHttpSettings,
  url: URL,
): Promise<readonly ResolvedAddress[]> {
  const literal = literalAddress(url);
  if (literal !== null) return [{ address: literal, family: literal.includes(':') ? 6 : 4 }];
  const resolve = settings.resolve ?? resolveBySystem;
  const all = await resolve(url.hostname).catch(() => []);
  if (all.length === 0) throw new Refusal('unresolvable');
  if (settings.allowPrivateHosts) return all;
  const open = all.filter(({ address }) => isPublicAddress(address));
  if (open.length === 0) throw new Refusal('blocked_address');
  return open;
}

function resolveBySystem(hostname: string): Promise<ResolvedAddress[]> {
  return lookup(hostname, { all: true, order: 'verbatim' });
}

/** The system's resolver can't be called off; nobody waits for it any longer, though. */
function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Refusal('timeout'));
  if (deadline.aborted) onAbort();
  else deadline.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, promise]).finally(() =>
    deadline.removeEventListener('abort', onAbort),
  );
}

/** The answer's head, from one of the addresses and no other. */
function connect(
  settings: OutboundHttpSettings,
  request: OutboundRequest,
  url: URL,
  addresses: readonly ResolvedAddress[],
  deadline: AbortSignal,
): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const isTls = url.protocol === 'https:';
  const sent = (isTls ? https : http).request(url, {
    method: request.method,
    headers: headersOf(request),
    agent: false,
    signal: deadline,
    lookup: (_hostname, options, done) => {
      const [first] = addresses as readonly [ResolvedAddress];
      if (options.all === true) done(null, [...addresses]);
      else done(null, first.address, first.family);
    },
    ...(settings.certificateAuthorities === undefined
      ? {}
      : { ca: settings.certificateAuthorities }),
  });
  const timer = setTimeout(() => sent.destroy(new Refusal('timeout')), request.connectTimeoutMs);
  sent.on('socket', (socket) => {
    socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(timer));
  });
  // An error may come after the answer's head too; whoever reads the body hears of it there.
  sent
    .on('error', reject)
    .on('response', resolve)
    .on('close', () => clearTimeout(timer));
  sent.on('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new Refusal('unreadable'));
  });
  sent.end(request.body);
  return promise;
}

function headersOf({ headers, body }: OutboundRequest): Record<string, string | number> {
  return {
    'user-agent': 'Holdfast',
    'accept-encoding': 'gzip',
    ...headers,
    ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
  };
}

async function read(response: http.IncomingMessage, maxBytes: number): Promise<OutboundAnswer> {
  const { statusCode: status = 0, headers } = response;
  const chunks: Buffer[] = [];
  let byteCount = 0;
  // Leaving the loop early, by an error of ours, destroys the response and its connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.byteLength;
    if (byteCount > maxBytes) throw new Refusal('too_large');
    chunks.push(chunk);
  }
  const body = await decode(Buffer.concat(chunks), headers['content-encoding'], maxBytes);
  return { kind: 'answered', status, headers, body };
}

/** A small file may unpack to a huge one, which ends at the limit as well. */
async function decode(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  switch ((encoding ?? '').trim().toLowerCase()) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return body.length === 0 ? body : unpack(body, { maxOutputLength: maxBytes });
    default:
      throw new Refusal('unreadable');
  }
}

const BAD_CERTIFICATE = /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_CERT_)/;
/** Faults of zlib and of the HTTP parser. */
const UNREADABLE = /^(?:Z_|HPE_)/;

function faultOf(error: unknown): OutboundFault {
  if (error instanceof Refusal) return error.fault;
  const code = stringProperty(error, 'code') ?? '';
  if (BAD_CERTIFICATE.test(code)) return 'bad_certificate';
  if (code === 'ERR_BUFFER_TOO_LARGE') return 'too_large';
  return UNREADABLE.test(code) ? 'unreadable' : 'unreachable';
}
