import nodemailer from 'nodemailer';
import { type Delivery, neverConnected, numberProperty, stringProperty } from './delivery.ts';

export interface MailGatewaySettings {
  /**
   * `smtp://user:password@host:port` or `smtps://...`. STARTTLS is demanded of every host
   * but loopback; `?requireTLS=false` lifts that, as for a relay on a private network.
   */
  readonly smtpUrl: string;
  /** The sender: an address, or `Name <address>`. */
  readonly from: string;
  /** Hard limit for the whole conversation; half of it for connecting and being greeted. */
  readonly timeoutMs?: number;
}

/** `bad_address`: this recipient is refused; `misconfigured`: sign-in failed; else `rejected`. */
export type MailRefusal = 'bad_address' | 'misconfigured' | 'rejected';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** A calendar file, attached. */
  readonly ics?: { readonly filename: string; readonly content: string };
  /**
   * The same for every attempt at the same mail, such as `<key@domain>`: mail programs and
   * relays drop what they have seen before.
   */
  readonly messageId: string;
}

export interface MailGateway {
  /** Hands a mail to the relay, once: it is never retried here. */
  sendMail(mail: Mail): Promise<Delivery<MailRefusal>>;
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 4;
/** Relays close a silent connection after a minute or more: ours goes first. */
const IDLE_MS = 20_000;

export function createMailGateway(settings: MailGatewaySettings): MailGateway {
  const timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const transport = nodemailer.createTransport({
    url: settings.smtpUrl,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    idleTimeout: IDLE_MS,
    // Whether a mail got through a connection that broke is not known: it isn't sent again here.
    maxRequeues: 0,
    requireTLS: demandsTls(settings.smtpUrl),
    connectionTimeout: timeoutMs / 2,
    greetingTimeout: timeoutMs / 2,
    dnsTimeout: timeoutMs / 2,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    sendMail: (mail) => send(transport, settings.from, timeoutMs, mail),
    close: () => transport.close(),
  };
}

async function send(
  transport: ReturnType<typeof nodemailer.createTransport>,
  from: string,
  timeoutMs: number,
  { ics, ...mail }: Mail,
): Promise<Delivery<MailRefusal>> {
  try {
    const sent = await transport.sendMail({
      ...mail,
      from,
      signal: AbortSignal.timeout(timeoutMs),
      // Keeps holiday notices from answering.
      headers: { 'Auto-Submitted': 'auto-generated' },
      ...(ics === undefined ? {} : { attachments: [calendarFile(ics)] }),
    });
    return { kind: 'accepted', id: sent.messageId };
  } catch (error) {
    return classifyFailure(error);
  }
}

/** The bare address of a sender: that of `Name <address>` is `address`. */
export function senderAddress(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1]?.trim() ?? from.trim();
}

function methodOf(calendar: string): string {
  return /^METHOD:([A-Z]+)\r?$/m.exec(calendar)?.[1] ?? 'PUBLISH';
}

function calendarFile(ics: NonNullable<Mail['ics']>): object {
  return {
    ...ics,
    // RFC 6047: the part names the method of the file that it holds.
    contentType: `text/calendar; charset=utf-8; method=${methodOf(ics.content)}`,
    contentTransferEncoding: 'base64',
  };
}

/**
 * A reply of 5xx is final and 4xx passing. Without a reply, a connection that was never
 * made has sent nothing; anything later may have got through.
 */
function classifyFailure(error: unknown): Delivery<MailRefusal> {
  const code = stringProperty(error, 'code') ?? 'unknown';
  if (nothingSent(error, code)) return { kind: 'unavailable', code };
  const reply = numberProperty(error, 'responseCode');
  if (reply !== null && (reply < 500 || reply === 503)) {
    return { kind: 'unavailable', code: String(reply) };
  }
  if (reply === null && !OWN_FAULTS.has(code)) return { kind: 'ambiguous', code };
  return { kind: 'refused', reason: refusalOf(error), code: String(reply ?? code) };
}

/** What nodemailer refuses by itself, before anything has left. */
const OWN_FAULTS = new Set(['EENVELOPE', 'ENOAUTH', 'EAUTH', 'ECONFIG', 'EMESSAGE']);

function refusalOf(error: unknown): MailRefusal {
  const code = stringProperty(error, 'code') ?? '';
  if (['EAUTH', 'ENOAUTH', 'EOAUTH2', 'ECONFIG'].includes(code)) return 'misconfigured';
  const command = stringProperty(error, 'command');
  return command === 'RCPT TO' || (command === 'API' && code === 'EENVELOPE')
    ? 'bad_address'
    : 'rejected';
}

function nothingSent(error: unknown, code: string): boolean {
  const timeout = stringProperty(error, 'timeoutType');
  return (
    neverConnected(code) ||
    neverConnected(stringProperty(error, 'originalCode') ?? '') ||
    stringProperty(error, 'syscall') === 'connect' ||
    timeout === 'CONNECTION_TIMEOUT' ||
    timeout === 'GREETING_TIMEOUT'
  );
}

function demandsTls(smtpUrl: string): boolean {
  const { protocol, hostname, searchParams } = new URL(smtpUrl);
  if (protocol === 'smtps:' || searchParams.get('requireTLS') === 'false') return false;
  return !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
