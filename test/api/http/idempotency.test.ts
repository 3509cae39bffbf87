import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createIdempotency } from '../../../api/http/idempotency.ts';
import type { Idempotency } from '../../../api/http/idempotency.ts';
import type { Answer, PublicCall } from '../../../api/http/handler.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

let api: TestApi;
let idempotency: Idempotency;
beforeAll(async () => {
  api = await startTestApi();
  idempotency = createIdempotency(api.deps);
}, 120_000);
afterAll(() => api.close());

interface Request {
  readonly key?: string;
  readonly body?: string;
  readonly params?: Record<string, string>;
  readonly person?: string;
}

type Run = (newId: string) => Promise<Answer>;

/** Asks through the stage as the dispatcher does, in a process of its own if told so. */
function ask(request: Request, run: Run, through: Idempotency = idempotency): Promise<Answer> {
  const { key, body = '{}', params = {}, person = 'p' } = request;
  const call = {
    operationId: 'register',
    principal: { personId: person },
    params,
    query: {},
    headers: key === undefined ? {} : { 'idempotency-key': key },
    address: '127.0.0.1',
    newId: uuidv7(),
  } as unknown as PublicCall;
  return through.once(call, { raw: Buffer.from(body), value: JSON.parse(body) }, run);
}

function created(note: string): Run {
  return async (id) => ({ status: 201, body: { id, note } });
}

describe('a key', () => {
  test('replays the first answer, in another process too, and stores no text in clear', async () => {
    const key = uuidv7();
    const first = await ask({ key }, created('a marked answer'));
    await idempotency.drain();
    const second = await ask({ key }, created('never'), createIdempotency(api.deps));
    expect(second).toEqual({ ...first, headers: { 'idempotency-replayed': 'true' } });
    const row = await api.knex('idempotency_keys').where({ key }).first();
    expect(row.object_id).toBe((first.body as { id: string }).id);
    expect(row.response.toString('latin1')).not.toContain('marked');
  });

  test('with another body is refused', async () => {
    const key = uuidv7();
    await ask({ key, body: '{"a":1}' }, created('first'));
    await expect(ask({ key, body: '{"a":2}' }, created('second'))).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  test('belongs to its caller and route', async () => {
    const key = uuidv7();
    const answers = await Promise.all([
      ask({ key }, created('1')),
      ask({ key, person: 'q' }, created('2')),
      ask({ key, params: { id: 'x' } }, created('3')),
    ]);
    expect(answers.map(({ body }) => (body as { note: string }).note)).toEqual(['1', '2', '3']);
  });

  test('many at once run once, and all get that answer', async () => {
    const key = uuidv7();
    let runs = 0;
    const other = createIdempotency(api.deps);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        ask({ key }, (id) => created(String((runs += 1)))(id), i % 2 === 0 ? idempotency : other),
      ),
    );
    expect(runs).toBe(1);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  test('replays a refusal, but not a failure: that runs again with the same id', async () => {
    const refusedKey = uuidv7();
    const refuse: Run = async () => {
      throw new HoldfastError('slot_unavailable', 'Taken', { alternative_slots: ['x'] });
    };
    await expect(ask({ key: refusedKey }, refuse)).rejects.toThrow('Taken');
    await expect(ask({ key: refusedKey }, created('never'))).rejects.toMatchObject({
      code: 'slot_unavailable',
      details: { alternative_slots: ['x'] },
    });
    const failedKey = uuidv7();
    const ids: string[] = [];
    const fail: Run = async (id) => {
      ids.push(id);
      throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    };
    await expect(ask({ key: failedKey }, fail)).rejects.toThrow('down');
    const { body } = await ask({ key: failedKey }, created('now'));
    expect(body).toEqual({ id: ids[0], note: 'now' });
  });

  test('runs again where the caller was told to send the request again', async () => {
    const key = uuidv7();
    const unpaid = (): Promise<Answer> =>
      Promise.reject(new HoldfastError('payment_action_required', 'Confirm, and send it again'));
    await expect(ask({ key }, unpaid)).rejects.toMatchObject({ code: 'payment_action_required' });
    await idempotency.drain();
    expect((await ask({ key }, created('paid'))).body).toMatchObject({ note: 'paid' });
  });

  test('of an attempt that died is taken over with its id once its lock has run out', async () => {
    const key = uuidv7();
    await ask({ key }, created('first'));
    await idempotency.drain();
    // What a process leaves that was killed in mid-request.
    await api
      .knex('idempotency_keys')
      .where({ key })
      .update({ status: null, response: null, locked_until: new Date(Date.now() - 1) });
    const { object_id: objectId } = await api.knex('idempotency_keys').where({ key }).first();
    const { body } = await ask({ key }, created('resumed'));
    expect(body).toEqual({ id: objectId, note: 'resumed' });
  });
});

test('a request over HTTP: the same account is not made twice', async () => {
  const register = {
    username: 'twice',
    email: 'twice@example.org',
    password: 'SecurePass123',
    profile: { age: 30 },
  };
  const headers = { 'idempotency-key': 'register-1' };
  const call = (body: unknown): ReturnType<TestApi['call']> =>
    api.call('POST', '/api/auth/register', body, { headers });
  const first = await call(register);
  const second = await call(register);
  expect(first.status).toBe(201);
  expect(second).toMatchObject({ status: 201, body: first.body });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  const other = await call({ ...register, username: 'another' });
  expect(other).toMatchObject({ status: 422, body: { error: 'IDEMPOTENCY_KEY_REUSED' } });
  expect((await api.call('POST', '/api/auth/register', register)).status).toBe(409);
});

test('two behind one address who come without an account with the same key are two people', async () => {
  const headers = { 'idempotency-key': 'one-of-all-copies-of-a-client' };
  const come = () => api.call<{ token: string }>('POST', '/api/auth/anonymous', {}, { headers });
  const replies = [await come(), await come()];
  expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  expect(replies[1]!.headers.get('idempotency-replayed')).toBeNull();
  expect(replies[1]!.body).not.toEqual(replies[0]!.body);
});
