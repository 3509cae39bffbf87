import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type Router } from 'express';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { createFaults, type Faults } from '../faults.ts';
import { type Collection, openJournal } from '../journal.ts';

/**
 * - `reject`: refused for good (550); `reject_later`: refused for now (451);
 * - `timeout_after`: taken and kept, yet the answer never arrives;
 * - `drop_after`: taken and kept, then the connection breaks;
 * - `drop_before`: the connection breaks before anything is kept.
 */
export const MAIL_FAULTS = [
  'reject',
  'reject_later',
  'timeout_after',
  'drop_after',
  'drop_before',
] as const;

export type MailFault = (typeof MAIL_FAULTS)[number];

export interface MailRecord {
  readonly id: string;
  readonly receivedAt: number;
  /** The recipients of the envelope, in lower case. */
  readonly to: readonly string[];
  readonly from: string;
  readonly messageId: string | null;
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
  readonly attachments: readonly MailAttachment[];
}

export interface MailAttachment {
  readonly filename: string | null;
  readonly mimeType: string;
  readonly method: string | null;
  readonly contentBase64: string;
}

export interface MailSandboxOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string;
  readonly dataFile?: string;
  /** Offers STARTTLS with a certificate that nobody should trust. */
  readonly offerTls?: boolean;
  readonly clock?: () => number;
}

export interface MailSandbox {
  /** Where SMTP is spoken, once listening. */
  readonly port: number;
  /** Mount at `/control/mail`. */
  readonly control: Router;
  readonly faults: Faults<MailFault>;
  /** Newest first; those to one address, when named. */
  messages(to?: string): MailRecord[];
  close(): Promise<void>;
}

interface Inbox {
  readonly records: Collection<MailRecord>;
  readonly faults: Faults<MailFault>;
  readonly clock: () => number;
  /** Breaks a client's connection, and answers nothing more. */
  readonly cut: (session: SMTPServerSession) => void;
}

type Answer = (error?: Error | null) => void;

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 200;

/**
 * Starts an SMTP server that keeps what it is given and sends nothing on.
 * @throws when the port can't be listened on.
 */
export async function startMailSandbox(options: MailSandboxOptions): Promise<MailSandbox> {
  const journal = openJournal(options.dataFile);
  const records = journal.collection<MailRecord>('mails');
  const faults = createFaults<MailFault>(MAIL_FAULTS);
  const inbox: Inbox = { records, faults, clock: options.clock ?? Date.now, cut };
  const server = createSmtpServer(inbox, options.offerTls ?? false);

  function cut(session: SMTPServerSession): void {
    for (const connection of server.connections) {
      if (connection.session.id === session.id) connection.close();
    }
  }
  server.listen(options.port, options.host ?? '127.0.0.1');
  await once(server.server, 'listening');
  const messages = (to?: string): MailRecord[] => {
    const address = to?.toLowerCase();
    const all = records.list().toReversed();
    return address === undefined ? all : all.filter((mail) => mail.to.includes(address));
  };
  return {
    port: (server.server.address() as AddressInfo).port,
    control: controlRoutes(faults, messages, () => journal.clear()),
    faults,
    messages,
    async close() {
      await new Promise<void>((resolve) => server.close(resolve));
      journal.close();
    },
  };
}

function createSmtpServer(inbox: Inbox, offerTls: boolean): SMTPServer {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: offerTls ? [] : ['STARTTLS'],
    size: MAX_MESSAGE_BYTES,
    rejectOversized: true,
    closeTimeout: CLOSE_TIMEOUT_MS,
    disableReverseLookup: true,
    // The built-in certificate is meant for nothing but trying out; there is no need to warn.
    logger: false,
    onAuth: (auth, _session, answer) => answer(null, { user: auth.username }),
    onData: (stream, session, answer) => {
      receive(inbox, stream, session, answer).catch((error: unknown) => {
        answer(refusal(451, error instanceof Error ? error.name : 'Fault'));
      });
    },
  });
  // A client that breaks off is its own concern; without a listener it would end the process.
  server.on('error', () => undefined);
  return server;
}

async function receive(
  inbox: Inbox,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  answer: Answer,
): Promise<void> {
  const raw = Buffer.concat(await stream.toArray());
  const to = session.envelope.rcptTo.map(({ address }) => address.toLowerCase());
  const fault = inbox.faults.take(to[0]);
  if (fault === 'reject') return answer(refusal(550, 'Mailbox unavailable'));
  if (fault === 'reject_later') return answer(refusal(451, 'Try again later'));
  if (fault === 'drop_before') return inbox.cut(session);
  const record = await readMail(raw, to, session, inbox.clock());
  inbox.records.put(record.id, record);
  if (fault === 'drop_after') inbox.cut(session);
  else if (fault !== 'timeout_after') answer();
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

async function readMail(
  raw: Buffer,
  to: string[],
  session: SMTPServerSession,
  receivedAt: number,
): Promise<MailRecord> {
  const mail = await PostalMime.parse(raw, { attachmentEncoding: 'base64' });
  const { mailFrom } = session.envelope;
  return {
    id: randomUUID(),
    receivedAt,
    to,
    from: mail.from?.address ?? (mailFrom === false ? '' : mailFrom.address),
    messageId: mail.messageId ?? null,
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? null,
    headers: mail.headers.map(({ key, value }) => ({ key, value })),
    attachments: mail.attachments.map((part) => ({
      filename: part.filename,
      mimeType: part.mimeType,
      method: part.method ?? null,
      contentBase64: String(part.content),
    })),
  };
}

function controlRoutes(
  faults: Faults<MailFault>,
  messages: MailSandbox['messages'],
  clear: () => void,
): Router {
  const router = express.Router();
  router.use('/faults', faults.router);
  router.get('/messages', (req, res) => {
    const to = req.query['to'];
    res.json({ messages: messages(typeof to === 'string' && to !== '' ? to : undefined) });
  });
  router.delete('/', (_req, res) => {
    clear();
    res.status(204).end();
  });
  return router;
}
