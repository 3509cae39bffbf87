import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DOORS } from '../../../api/http/door.ts';
import { loadDocument, operationsOf } from '../../../api/http/document.ts';
import { presentError } from '../../../api/http/present-error.ts';
import { toFault } from '../../../api/http/fault.ts';
import { openDatabase } from '../../../db/knex.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

let api: TestApi;
let person: TestPerson;
beforeAll(async () => {
  api = await startTestApi({ http: { bodyTimeoutMs: 3_000 } });
  person = await api.person();
}, 120_000);
afterAll(() => api.close());

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function raw(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(`${api.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, text: await response.text() };
}

function nested(depth: number): string {
  return `{"email":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}

describe('bodies', () => {
  test.each<[string, string | Uint8Array, number]>([
    ['cut off', '{"email": "MARK', 400],
    ['no object', '"MARK"', 400],
    ['empty', '', 400],
    ['nested too deep', nested(40), 400],
    ['nested very deep', nested(40_000), 400],
    ['the same key twice', '{"email":"MARK@a.org","email":"b@a.org","password":"x"}', 400],
    [
      'the same key twice, escaped',
      '{"password":"MARK","\\u0070assword":"y","email":"b@a.org"}',
      400,
    ],
    ['a NUL', '{"email":"MARK\\u0000@a.org","password":"x"}', 400],
    ['__proto__', '{"__proto__":{"email":"MARK@a.org"},"password":"x"}', 400],
    ['no UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['10 MB', `{"email":"MARK${'x'.repeat(10 * 1024 * 1024)}"}`, 413],
  ])('%s', async (_what, body, status) => {
    const reply = await raw(body);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text)).toMatchObject({ success: false, error: expect.any(String) });
    expect(reply.text).not.toContain('MARK');
  });

  test('left out are refused wherever one is needed', async () => {
    const needy = operationsOf(loadDocument()).filter(({ needsBody }) => needsBody);
    expect(needy.length).toBeGreaterThan(10);
    const replies = await Promise.all(
      needy.map(async ({ id, method, mounts, path }) => {
        const address = `${mounts[0]!}${path.replaceAll(/\{\w+\}/g, 'none')}`;
        const { status } = await api.call(method.toUpperCase(), address, undefined, {
          token: person.token,
        });
        return [id, status];
      }),
    );
    expect(replies).toEqual(needy.map(({ id }) => [id, 400]));
  });

  test('a backslash before u0000 in a text is no NUL', async () => {
    const { status } = await raw('{"email":"nobody@a.org","password":"\\\\u0000"}');
    expect(status).toBe(401);
  });

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/json; charset=utf-16'],
    ['multipart/form-data; boundary=x'],
    ['MARK'],
  ])('of type %s', async (type) => {
    const { status, text } = await raw('{}', { 'content-type': type });
    expect(status).toBe(415);
    expect(JSON.parse(text)).toMatchObject({ error: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  test('compressed', async () => {
    const { status } = await raw('{}', { 'content-encoding': 'gzip' });
    expect(status).toBe(415);
  });

  test('sent a byte at a time are given up, in the dialect of the door', async () => {
    const url = new URL(api.url);
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const head = 'POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    socket.write(`${head}content-length: 5000\r\n\r\n{`);
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*connection: close/is);
    expect(answer).toContain('"error":"MALFORMED_REQUEST"');
  });

  test('without an end are cut off, and others are served meanwhile', async () => {
    const url = new URL(api.url);
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    // The server closes in mid-stream.
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const head = 'POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    const megabyte = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
    const pump = (): void => {
      while (!socket.destroyed && socket.write(megabyte));
    };
    socket.on('drain', pump);
    pump();
    expect((await api.call('GET', '/.well-known/jwks.json')).status).toBe(200);
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('addresses', () => {
  test.each([
    ['GET', '/api/therapy/MARK', 404, { success: false, error: { code: 'not_found' } }],
    ['GET', '/booking/MARK', 404, { statusCode: 404, error: 'Not Found' }],
    ['GET', '/api/teletherapy/MARK', 404, { statusCode: 404 }],
    ['GET', '/get-MARK', 404, { success: false, code: 'not_found' }],
    ['GET', '/api/v1/MARK', 404, { status: 404, code: 'not_found' }],
    ['GET', '/MARK', 404, { code: 'not_found' }],
    ['GET', '/api/auth/MARK', 404, { success: false, error: 'NOT_FOUND' }],
    ['DELETE', '/api/auth/me', 405, { error: 'METHOD_NOT_ALLOWED' }],
    ['GET', '/api/auth/%00MARK', 400, { error: 'MALFORMED_REQUEST' }],
    ['GET', '/auth/verify-email', 400, { code: 'malformed_request' }],
    ['GET', '/auth/verify-email?token=a&token=b', 400, { code: 'malformed_request' }],
  ])('%s %s', async (method, path, status, body) => {
    const reply = await api.call(method, path);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject(body);
    expect(JSON.stringify(reply.body)).not.toContain('MARK');
  });

  test('HEAD answers as GET does, without a body', async () => {
    const response = await fetch(`${api.url}/health`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

test('no typed text is in the log, nor a token', async () => {
  const secret = 'MARKsecret1!';
  await api.call('POST', `/api/auth/login?q=${secret}`, {
    email: `${secret}@a.org`,
    password: secret,
  });
  await api.call('GET', `/api/nowhere/${secret}`, undefined, { token: person.token });
  await raw(`{"email": ${secret}`);
  const log = JSON.stringify(api.logged);
  expect(log).toContain('"operationId":"login"');
  expect(log).not.toContain('MARK');
  expect(log).not.toContain(person.token.slice(-20));
});

test('an answer has its request id, and no header of the framework', async () => {
  const given = '0123456789abcdef0123';
  const { headers } = await api.call('GET', '/health', undefined, {
    headers: { 'x-request-id': given },
  });
  expect(headers.get('x-request-id')).toBe(given);
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  const typed = { 'x-request-id': 'I feel unwell today, please help' };
  const other = await api.call('GET', '/health', undefined, { headers: typed });
  expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('only configured origins may read answers with credentials', async () => {
  const origin = (name: string): Promise<Awaited<ReturnType<TestApi['call']>>> =>
    api.call('OPTIONS', '/api/auth/login', undefined, { headers: { origin: name } });
  const allowed = await origin('http://localhost:3000');
  expect(allowed.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
  const refused = await origin('https://evil.example');
  expect(refused.headers.get('access-control-allow-origin')).toBeNull();
});

describe('failures of what lies below', () => {
  const failures: readonly [string, unknown, string][] = [
    [
      'a refused connection',
      Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      'dependency_unavailable',
    ],
    [
      'a full pool',
      Object.assign(new Error('x'), { name: 'KnexTimeoutError' }),
      'dependency_unavailable',
    ],
    [
      'a database that shuts down',
      Object.assign(new Error('x'), { code: '57P01' }),
      'dependency_unavailable',
    ],
    [
      'too many connections',
      Object.assign(new Error('x'), { code: '53300' }),
      'dependency_unavailable',
    ],
    [
      'a lost connection',
      new Error('Connection terminated unexpectedly'),
      'dependency_unavailable',
    ],
    [
      'Temporal away',
      Object.assign(new Error('x'), { cause: { code: 14 } }),
      'dependency_unavailable',
    ],
    [
      'a value that does not fit',
      Object.assign(new Error('x'), { code: '22P02' }),
      'malformed_request',
    ],
    [
      'a value that does not fit, as a model says it',
      Object.assign(new Error('x'), { nativeError: { code: '22P02' } }),
      'malformed_request',
    ],
    [
      'a database that shuts down, as a model says it',
      Object.assign(new Error('x'), { nativeError: { code: '57P01' } }),
      'dependency_unavailable',
    ],
    [
      'a workflow that refuses',
      { cause: { name: 'ApplicationFailure', type: 'wrong_state', message: 'm' } },
      'wrong_state',
    ],
    ['our own error', new HoldfastError('too_soon', 'm'), 'too_soon'],
    ['anything else', new Error('secret text'), 'internal'],
    ['nothing', undefined, 'internal'],
  ];

  test.each(failures)('%s', (_what, thrown, code) => {
    const fault = toFault(thrown);
    expect(fault.code).toBe(code);
    expect(fault.message).not.toContain('secret');
    if (code === 'dependency_unavailable') {
      for (const door of DOORS) {
        const { headers, status } = presentError(door, fault, 'r');
        expect([status, headers['retry-after']]).toEqual([503, '5']);
      }
    }
  });

  test('a database that is gone is 503 for a caller', async () => {
    const knex = openDatabase('postgresql://nobody@127.0.0.1:9/none');
    const lonely = await startTestApi({ deps: { knex } });
    const { token } = await lonely.person();
    const reply = await lonely.call('GET', '/api/auth/me', undefined, { token });
    await lonely.close();
    await knex.destroy();
    expect(reply.status).toBe(503);
    expect(reply.headers.get('retry-after')).not.toBeNull();
  });
});
