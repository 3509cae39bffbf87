import { once } from 'node:events';
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { v7 as newId } from 'uuid';
import { secretRef } from '../../../activities/webhooks/seals.ts';
import { newWebhookSecret } from '../../../activities/webhooks/signature.ts';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { insertWebhook } from '../../../db/webhooks.ts';
import { APPOINTMENT_EVENTS } from '../../../domain/appointment-events.ts';
import type { SessionBench } from '../session/bench.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

/** A clinic's own server, which takes what is sent to it and answers as it is told. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** The answers to come, first to last; 204 when there are none left. */
  readonly answers: { readonly status: number; readonly headers?: Record<string, string> }[];
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: Receiver['answers'] = [];
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body, path: request.url ?? '' });
      const { status, headers = {} } = answers.shift() ?? { status: 204 };
      response.writeHead(status, headers).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/in`,
    received,
    answers,
    close: () => server.close(),
  };
}

export interface Hook {
  readonly id: string;
  readonly secret: string;
}

/** A webhook of the bench's clinic, made a while ago. */
export async function makeHook(
  bench: SessionBench,
  cipher: FieldCipher,
  wish: { url: string; includeText?: boolean },
): Promise<Hook> {
  const id = newId();
  const secret = newWebhookSecret();
  const createdBy = await bench.person({ role: 'admin' });
  await bench.knex.transaction(async (trx) => {
    const sealed = await cipher.sealField(trx, secretRef(id), secret);
    await insertWebhook(trx, {
      id,
      clinicId: bench.clinicId,
      url: wish.url,
      eventTypes: [...APPOINTMENT_EVENTS],
      includeText: wish.includeText ?? false,
      secret: sealed,
      createdBy,
      createdAt: new Date(Date.now() - 3_600_000),
    });
  });
  return { id, secret };
}

/**
 * The Standard Webhooks check as a receiver would write it from the specification alone, by another
 * implementation of HMAC: any of the signatures, over the raw body, and not older than 300 s.
 */
export async function isAuthentic(
  { headers, body }: Received,
  secret: string,
  nowSeconds: number,
): Promise<boolean> {
  const [id, at, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`]),
  ) as [string, string, string];
  if (Math.abs(nowSeconds - Number(at)) > 300) return false;
  const raw = Uint8Array.from(atob(secret.replace('whsec_', '')), (char) => char.charCodeAt(0));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['verify']);
  const signed = new TextEncoder().encode(`${id}.${at}.${body}`);
  const checks = signatures.split(' ').map((signature) => {
    const [version, base64 = ''] = signature.split(',');
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return version === 'v1'
      ? crypto.subtle.verify('HMAC', key, bytes, signed)
      : Promise.resolve(false);
  });
  return (await Promise.all(checks)).includes(true);
}
