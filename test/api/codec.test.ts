import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import express from 'express';
import { v7 as uuid } from 'uuid';
import { createCodecRouter } from '../../api/codec/router.ts';
import type { CodecPerson, CodecUse } from '../../api/codec/router.ts';
import { openSession, sealSession } from '../../api/codec/session.ts';
import { ephemeralKeyRing } from '../../crypto/key-ring.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { EncryptionCodec } from '../../crypto/payload-codec.ts';
import { HoldfastError } from '../../domain/errors.ts';

const UI = 'http://localhost:8233';
const MARK = 'the client said so';

let server: Server;
let base: string;
let ring: KeyRing;
let uses: CodecUse[];
let suspended: Set<string>;
let auditFault: Error | null;

const people: Record<string, CodecPerson> = {
  'admin@example.com': { id: uuid(), role: 'admin', clinicId: uuid() },
  'client@example.com': { id: uuid(), role: 'patient', clinicId: uuid() },
};

beforeAll(async () => {
  ring = await ephemeralKeyRing();
  const app = express();
  app.use(
    '/codec',
    createCodecRouter({
      keyRing: ring,
      uiOrigin: UI,
      authenticate: async (email, password) => {
        if (email === 'tired@example.com') {
          throw new HoldfastError('rate_limited', 'x', { retryAfterSeconds: 30 });
        }
        return password === 'right' ? (people[email] ?? null) : null;
      },
      authenticateToken: async (token) => people[`${token}@example.com`] ?? null,
      isStillAllowed: async (person) => !suspended.has(person.id),
      audit: async (use) => {
        if (auditFault !== null) throw auditFault;
        uses.push(use);
      },
    }),
  );
  await new Promise<void>((resolve) => (server = app.listen(0, '127.0.0.1', () => resolve())));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/codec`;
});

beforeEach(() => {
  uses = [];
  suspended = new Set();
  auditFault = null;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

interface WirePayloads {
  payloads: { metadata: Record<string, string>; data: string }[];
}

const clear = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)!;

function wire(payload: Payload): WirePayloads['payloads'][number] {
  const text = (bytes: Uint8Array | null | undefined): string =>
    Buffer.from(bytes ?? []).toString('base64');
  const metadata = Object.entries(payload.metadata!).map(([name, bytes]) => [name, text(bytes)]);
  return { metadata: Object.fromEntries(metadata), data: text(payload.data) };
}

async function encrypted(value: unknown): Promise<WirePayloads> {
  const [payload] = await new EncryptionCodec(ring).encode([clear(value)]);
  return { payloads: [wire(payload!)] };
}

function call(path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  return fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function login(
  email: string,
  password: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${base}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams({ email, password }),
  });
}

async function adminCookie(): Promise<string> {
  const response = await login('admin@example.com', 'right');
  return response.headers.get('set-cookie')!.split(';')[0]!;
}

async function textOf(response: Response): Promise<string> {
  const { payloads } = (await response.json()) as WirePayloads;
  return Buffer.from(payloads[0]!.data, 'base64').toString();
}

describe('decoding', () => {
  test('an admin who signed in reads payloads in the UI, and it is recorded', async () => {
    const cookie = await adminCookie();
    const response = await call('/decode', await encrypted({ note: MARK }), { cookie, origin: UI });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(UI);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await textOf(response)).toBe(JSON.stringify({ note: MARK }));
    expect(uses.at(-1)).toEqual({
      operation: 'decode',
      outcome: 'allowed',
      person: people['admin@example.com'],
      payloads: 1,
      namespace: 'default',
    });
  });

  test('what the UI encodes is encrypted and decodes again', async () => {
    const cookie = await adminCookie();
    const encoded = await call('/encode', { payloads: [wire(clear(MARK))] }, { cookie });
    const body = (await encoded.json()) as WirePayloads;
    expect(Buffer.from(body.payloads[0]!.data, 'base64').includes(MARK)).toBe(false);
    expect(await textOf(await call('/decode', body, { cookie }))).toBe(JSON.stringify(MARK));
  });

  test('one payload that does not open hides no other', async () => {
    const cookie = await adminCookie();
    const own = await encrypted(MARK);
    const lost = structuredClone(own.payloads[0]!);
    const spare = await ephemeralKeyRing();
    lost.metadata['encryption-key-id'] = Buffer.from(spare.ids('payloads')[0]!).toString('base64');
    const response = await call('/decode', { payloads: [lost, own.payloads[0]] }, { cookie });
    const { payloads } = (await response.json()) as WirePayloads;
    expect(Buffer.from(payloads[1]!.data, 'base64').toString()).toBe(JSON.stringify(MARK));
  });

  test('a role that may not read, a forged cookie, a suspended admin and nobody are refused', async () => {
    const admin = people['admin@example.com']!;
    const client = people['client@example.com']!;
    const stranger = await sealSession(await ephemeralKeyRing(), admin);
    const cookie = await adminCookie();
    suspended.add(admin.id);
    const attempts: [Record<string, string>, number][] = [
      [{}, 401],
      [{ cookie: 'holdfast_codec=x' }, 401],
      [{ cookie: `holdfast_codec=${stranger}` }, 401],
      [{ cookie }, 401],
      [{ authorization: 'Bearer nobody' }, 401],
      [{ cookie: `holdfast_codec=${await sealSession(ring, client)}` }, 403],
      [{ authorization: 'Bearer client' }, 403],
    ];
    uses = [];
    for (const [headers, status] of attempts) {
      const response = await call('/decode', await encrypted(MARK), headers);
      expect(response.status).toBe(status);
      expect(await response.text()).not.toContain(Buffer.from(MARK).toString('base64').slice(0, 8));
    }
    expect(uses.map((use) => use.outcome)).toEqual(attempts.map(() => 'denied'));
  });

  test('what can not be recorded is not decrypted', async () => {
    const cookie = await adminCookie();
    auditFault = new HoldfastError('dependency_unavailable', 'secret detail');
    const response = await call('/decode', await encrypted(MARK), { cookie });
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('secret detail');
  });

  test.each([
    ['{', 400],
    ['[]', 400],
    ['{"payloads":[{"data":5}]}', 400],
    ['{"payloads":[{"metadata":{"encoding":null}}]}', 400],
    [`{"payloads":[${Array(2_001).fill('{}').join(',')}]}`, 400],
    [`{"payloads":["${'A'.repeat(17_000_000)}"]}`, 413],
  ])('a malformed body is refused: %#', async (body, status) => {
    const response = await call('/decode', body, { cookie: await adminCookie() });
    expect(response.status).toBe(status);
    expect(uses.filter((use) => use.operation === 'decode')).toEqual([]);
  });
});

describe('other origins', () => {
  test('only the UI may call with cookies', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${base}/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-namespace',
        },
      });
    const good = await preflight(UI);
    expect(good.status).toBe(204);
    expect(good.headers.get('access-control-allow-origin')).toBe(UI);
    expect(good.headers.get('access-control-allow-headers')).toBe('content-type,x-namespace');
    const bad = await preflight('http://localhost:8233.example.com');
    expect(bad.headers.get('access-control-allow-origin')).toBeNull();
    expect(bad.headers.get('vary')).toContain('Origin');
  });

  test('may not submit the login form', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: UI },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const response = await login('admin@example.com', 'right', headers);
      expect(response.status).toBe(403);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    const own = await login('admin@example.com', 'right', { origin: new URL(base).origin });
    expect(own.status).toBe(303);
  });
});

describe('signing in', () => {
  test('sets a cookie that scripts and other sites do not get', async () => {
    const response = await login('admin@example.com', 'right');
    expect(response.status).toBe(303);
    expect(new URL(response.headers.get('location')!, `${base}/login`).pathname).toBe(
      '/codec/login',
    );
    const cookie = response.headers.get('set-cookie')!;
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/codec', 'Max-Age=28800']) {
      expect(cookie).toContain(part);
    }
    const page = await fetch(`${base}/login`, { headers: { cookie: cookie.split(';')[0]! } });
    expect(await page.text()).toContain('You are signed in');
  });

  test.each([
    ['admin@example.com', 'wrong', 401],
    ['nobody@example.com', 'right', 401],
    ['client@example.com', 'right', 401],
    ['tired@example.com', 'right', 429],
  ])('%s with the %s password: %i, without a cookie', async (email, password, status) => {
    const response = await login(email, password);
    expect(response.status).toBe(status);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await response.text()).not.toContain(email);
  });

  test('the form is strict: a nonce for its style, no script, no frame', async () => {
    const response = await fetch(`${base}/login`);
    const policy = response.headers.get('content-security-policy')!;
    const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    const html = await response.text();
    expect(html).toContain(`<style nonce="${nonce}">`);
    expect(html).not.toMatch(/<script|style="|\son\w+=/);
  });

  test('a session survives a rotation of the payload key, and no other installation takes it', async () => {
    const value = await sealSession(ring, people['admin@example.com']!);
    await ring.rotate('payloads');
    expect(await openSession(ring, value)).toEqual(people['admin@example.com']);
    expect(await openSession(await ephemeralKeyRing(), value)).toBeNull();
    const [head, , signature] = value.split('.');
    const forged = Buffer.from(JSON.stringify({ sub: 'x', role: 'admin', aud: 'holdfast-codec' }));
    expect(
      await openSession(ring, `${head}.${forged.toString('base64url')}.${signature}`),
    ).toBeNull();
  });
});
