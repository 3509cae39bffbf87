import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { signAccessToken } from '../../api/auth/access-tokens.ts';
import { createLocalFileStore } from '../../activities/gateways/file-store.ts';
import { createCardGateway } from '../../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { createAuthenticator } from '../../api/auth/authenticator.ts';
import { settleBackground } from '../../api/background.ts';
import type { Role } from '../../api/access/principal.ts';
import type { ApiDeps, HttpOptions } from '../../api/context.ts';
import { NEVER_BUSY } from '../../api/http/load-monitor.ts';
import { createApp } from '../../api/server.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../crypto/key-ring.ts';
import { PUBLISHED_PARTICIPANT_LIMITS } from '../../config/json-settings.ts';
import { openDatabase } from '../../db/knex.ts';
import { insertFamily } from '../../db/tokens.ts';
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

export interface TestPerson {
  readonly id: string;
  readonly clinicId: string;
  readonly role: Role;
  readonly email: string;
  readonly familyId: string;
  readonly token: string;
}

export interface NewTestPerson {
  readonly role?: Role;
  readonly clinicId?: string;
  readonly timeZone?: string;
  readonly phone?: string;
  /** A counselor with a verified therapist's profile. */
  readonly isTherapist?: boolean;
  /** False for a helper whom no admin has verified. */
  readonly isVerified?: boolean;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApi {
  readonly url: string;
  readonly databaseUrl: string;
  /** A clinic that is there from the start. */
  readonly clinicId: string;
  readonly knex: Knex;
  readonly deps: ApiDeps;
  readonly mails: SentMail[];
  /** Lines of the log, parsed. */
  readonly logged: Record<string, unknown>[];
  /** Puts a person with a fresh token straight into the database. */
  person(person?: NewTestPerson): Promise<TestPerson>;
  clinic(): Promise<string>;
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

/**
 * The whole API on a port of its own over a fresh database. Answers that don't fit openapi.yaml are
 * 500. Options that depend on the API's own address are given as a function of it.
 */
export async function startTestApi(
  given: TestApiOptions | ((url: string) => Promise<TestApiOptions>) = {},
): Promise<TestApi> {
  // Node ends a quiet connection after five seconds, in which a slow client may just be asking again.
  const server = createServer({ keepAliveTimeout: 120_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = typeof given === 'function' ? await given(url) : given;
  const database = await createTestDatabase();
  // A test that fails because its own machine is busy says nothing of the product.
  const knex = openDatabase(database.url, { maxConnections: 10, acquireTimeoutMs: 30_000 });
  const mails: SentMail[] = [];
  const logged: Record<string, unknown>[] = [];
  const files = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
  const deps = await testDeps({ knex, databaseUrl: database.url, files, mails, logged, options });
  const clinicId = await insertClinic(knex);
  server.on('request', createApp(deps));
  return {
    url,
    databaseUrl: database.url,
    clinicId,
    clinic: () => insertClinic(knex),
    person: (person) => insertTestPerson({ ...deps, knex }, clinicId, person),
    knex,
    deps,
    mails,
    logged,
    call: (method, path, body, callOptions) => request(url, method, path, body, callOptions),
    close: async () => {
      await drain(server);
      await settleBackground();
      await deps.authenticator.close();
      await knex.destroy();
      await database.drop();
      await rm(files, { recursive: true, force: true });
    },
  };
}

const DRAIN_MS = 3_000;

/** Lets what is being answered end, so that nobody asks a database that is gone. */
async function drain(server: Server): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearInterval(idle);
  clearTimeout(cut);
}

interface DepsInput {
  readonly knex: Knex;
  readonly databaseUrl: string;
  /** A folder for uploads. */
  readonly files: string;
  readonly mails: SentMail[];
  readonly logged: Record<string, unknown>[];
  readonly options: TestApiOptions;
}

async function testDeps({
  knex,
  databaseUrl,
  files,
  mails,
  logged,
  options,
}: DepsInput): Promise<ApiDeps> {
  const keyRing = options.deps?.keyRing ?? (await ephemeralKeyRing());
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const http: HttpOptions = {
    publicUrl: 'http://localhost:5000',
    organizer: 'care@clinic.example',
    corsOrigins: ['http://localhost:3000'],
    trustedProxies: 0,
    environment: 'test',
    version: '0.0.0',
    responseValidation: 'fail',
    rateLimits: null,
    bodyTimeoutMs: 10_000,
    temporalUiOrigin: 'http://localhost:8233',
    ...options.http,
  };
  const auth = {
    accessTokenTtlMs: 3_600_000,
    refreshTokenTtlMs: 30 * 86_400_000,
    sharedSecret: null,
    trustedIssuers: [],
    ...options.deps?.auth,
  };
  const { publicUrl } = http;
  const authenticator = createAuthenticator({
    knex,
    crisisKnex: knex,
    databaseUrl,
    keyRing,
    publicUrl,
    auth,
    log,
  });
  return {
    knex,
    crisisKnex: knex,
    temporal: options.temporal ?? downTemporal(),
    keyRing,
    cipher: createFieldCipher(keyRing),
    http,
    auth,
    authenticator,
    mail: {
      sendMail: async (mail) => {
        mails.push(mail);
        return { kind: 'accepted', id: mail.messageId };
      },
    },
    cards: createCardGateway({
      secretKey: 'sk_test_x',
      webhookSecret: 'whsec_x',
      apiUrl: NOWHERE,
      timeoutMs: 2_000,
    }),
    sms: createTwilioGateway({
      accountSid: `AC${'0'.repeat(32)}`,
      authToken: 'token',
      from: '+15005550006',
      apiUrl: NOWHERE,
      publicUrl,
    }),
    eligibility: null,
    companion: { model: null, dailyCeilingMicros: 0, personCeilingMicros: 0 },
    webhookHosts: { isSandbox: false, privateHosts: [] },
    attachments: { store: createLocalFileStore(files), maxBytes: 1_000_000 },
    outbound: { allowPrivateHosts: false },
    rooms: { participantLimits: PUBLISHED_PARTICIPANT_LIMITS, iceServers: [], turn: null },
    load: NEVER_BUSY,
    log,
    ...options.deps,
  };
}

/** Nobody listens there: a provider that is down. */
const NOWHERE = 'http://127.0.0.1:9';

async function insertClinic(knex: Knex): Promise<string> {
  const id = uuidv7();
  await knex('clinics').insert({ id, name: 'Test clinic', time_zone: 'UTC' });
  return id;
}

async function insertTestPerson(
  deps: ApiDeps,
  defaultClinicId: string,
  person: NewTestPerson = {},
): Promise<TestPerson> {
  const { knex, keyRing, auth, http } = deps;
  const { isTherapist = false, isVerified = true, timeZone = 'UTC' } = person;
  const { role = isTherapist ? 'counselor' : 'patient', clinicId = defaultClinicId } = person;
  const id = uuidv7();
  const familyId = uuidv7();
  const email = `${id}@test.example`;
  await knex('people').insert({
    id,
    clinic_id: clinicId,
    role,
    email,
    username: `u-${id}`,
    first_name: 'Test',
    last_name: 'Person',
    time_zone: timeZone,
    phone: person.phone ?? null,
    verified_at: isVerified ? new Date() : null,
  });
  if (isTherapist) {
    await knex('therapist_profiles').insert({
      person_id: id,
      clinic_id: clinicId,
      display_name: 'Test Therapist',
      verified_at: isVerified ? new Date() : null,
      time_zone: timeZone,
    });
  }
  await insertFamily(knex, familyId, id);
  const { publicUrl } = http;
  const { token } = await signAccessToken({ keyRing, publicUrl, auth }, id, familyId);
  return { id, clinicId, role, email, familyId, token };
}

/** Stands for a Temporal that can't be reached: whatever is awaited of any of its parts rejects so. */
function downTemporal(): Client {
  const down = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('Temporal is not there'), { code: 14 }));
  const promised: Readonly<Record<string, unknown>> = {
    then: (...reactions: Parameters<Promise<never>['then']>) => down().then(...reactions),
    catch: (...reactions: Parameters<Promise<never>['catch']>) => down().catch(...reactions),
  };
  const called: unknown = new Proxy(() => called, {
    get: (_target, name) => promised[String(name)] ?? part,
  });
  const withDeadline = (_at: unknown, work: () => Promise<unknown>): Promise<unknown> => work();
  const part: unknown = new Proxy(() => called, {
    get: (_target, name) => {
      if (name === 'then') return undefined;
      return name === 'withDeadline' ? withDeadline : part;
    },
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
  // A form brings its own type.
  const isJson = body !== undefined && !(body instanceof FormData);
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(isJson ? { body: JSON.stringify(body) } : {}),
    ...(body instanceof FormData ? { body } : {}),
  });
  const text = await response.text();
  const isAnswerJson = /json/.test(response.headers.get('content-type') ?? '');
  const parsed: unknown = isAnswerJson && text !== '' ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed as Body };
}
