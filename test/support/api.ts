import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { pino } from 'pino';
import type { Authenticator } from '../../api/auth/authenticator.ts';
import type { ApiDeps, HttpOptions } from '../../api/context.ts';
import { createApp } from '../../api/server.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { createTestDatabase } from './database.ts';

export interface SentMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
}

export interface TestReply<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or the text of anything else. */
  readonly body: Body;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApi {
  readonly url: string;
  readonly knex: Knex;
  readonly deps: ApiDeps;
  readonly mails: SentMail[];
  /** Lines of the log, parsed. */
  readonly logged: Record<string, unknown>[];
  call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<TestReply<Body>>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** A Temporal client; without one every call to Temporal fails as if it were down. */
  readonly temporal?: Client;
  readonly http?: Partial<HttpOptions>;
  readonly deps?: Partial<ApiDeps>;
}

/** The whole API on a port of its own over a fresh database. Answers that don't fit openapi.yaml are 500. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const knex = openDatabase(database.url, { maxConnections: 10 });
  const mails: SentMail[] = [];
  const logged: Record<string, unknown>[] = [];
  const deps = await testDeps(knex, mails, logged, options);
  const server = createServer(createApp(deps));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    knex,
    deps,
    mails,
    logged,
    call: (method, path, body, callOptions) => request(url, method, path, body, callOptions),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await deps.authenticator.close();
      await knex.destroy();
      await database.drop();
    },
  };
}

async function testDeps(
  knex: Knex,
  mails: SentMail[],
  logged: Record<string, unknown>[],
  options: TestApiOptions,
): Promise<ApiDeps> {
  const keyRing = await ephemeralKeyRing();
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  return {
    knex,
    temporal: options.temporal ?? downTemporal(),
    keyRing,
    cipher: createFieldCipher(keyRing),
    http: {
      publicUrl: 'http://localhost:5000',
      corsOrigins: ['http://localhost:3000'],
      trustedProxies: 0,
      environment: 'test',
      version: '0.0.0',
      responseValidation: 'fail',
      rateLimits: false,
      bodyTimeoutMs: 10_000,
      ...options.http,
    },
    auth: {
      accessTokenTtlMs: 3_600_000,
      refreshTokenTtlMs: 30 * 86_400_000,
      sharedSecret: null,
      trustedIssuers: [],
    },
    authenticator: nobody(),
    mail: { sendMail: async (mail) => void mails.push(mail) },
    log,
    ...options.deps,
  };
}

function nobody(): Authenticator {
  return {
    authenticate: () => Promise.reject(new HoldfastError('unauthenticated', 'No such token')),
    close: async () => undefined,
  };
}

/** Stands for a Temporal that can't be reached: every method of every part rejects so. */
function downTemporal(): Client {
  const down = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('Temporal is not there'), { code: 14 }));
  const part: unknown = new Proxy(down, {
    get: (_target, name) => (name === 'then' ? undefined : part),
  });
  return part as Client;
}

async function request<Body>(
  url: string,
  method: string,
  path: string,
  body: unknown,
  options: CallOptions = {},
): Promise<TestReply<Body>> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed as Body };
}
