import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mayBeAnonymous } from '../../../api/access/anonymous-access.ts';
import { loadDocument, operationsOf } from '../../../api/http/document.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestReply } from '../../support/api.ts';

interface Guest {
  readonly success: true;
  readonly message: string;
  readonly sessionId: string;
  readonly token: string;
}

let api: TestApi;
beforeAll(async () => {
  const few = { points: 2, seconds: 900 };
  const rateLimits = { api: few, auth: few, admin: few, general: few };
  api = await startTestApi({ http: { rateLimits } });
}, 120_000);
afterAll(() => api.close());

function signIn(body?: unknown, token?: string): Promise<TestReply<Guest>> {
  return api.call<Guest>('POST', '/api/auth/anonymous', body, token === undefined ? {} : { token });
}

async function idOf({ token }: Guest): Promise<unknown> {
  const { personId } = await api.deps.authenticator.authenticate(token);
  return personId;
}

describe('an anonymous patient', () => {
  test('is let in as published, with and without a body, past any limit', async () => {
    const bodies = [undefined, {}, { sessionId: 'optional_session_id' }, { sessionId: null }];
    const garbage = [{ sessionId: 7 }, { sessionId: {} }, { sessionId: 'x'.repeat(50_000) }];
    for (const body of [...bodies, ...garbage]) {
      const { status, body: guest, headers } = await signIn(body);
      expect({ status, guest }).toEqual({
        status: 200,
        guest: {
          success: true,
          message: 'Anonymous session created',
          sessionId: expect.stringMatching(/^[\w-]{43}$/),
          token: expect.any(String),
        },
      });
      expect(headers.get('x-ratelimit-limit')).toBeNull();
      expect(await api.deps.authenticator.authenticate(guest.token)).toMatchObject({
        role: 'patient',
        isAnonymous: true,
      });
    }
  });

  test('comes back by the secret alone, never by a name of their choice', async () => {
    const first = (await signIn()).body;
    const id = await idOf(first);
    const again = (await signIn({ sessionId: first.sessionId })).body;
    expect(again.sessionId).toBe(first.sessionId);
    expect(await idOf(again)).toBe(id);
    const chosen = (await signIn({ sessionId: 'mine' })).body;
    expect(chosen.sessionId).not.toBe('mine');
    expect(await idOf((await signIn({ sessionId: 'mine' })).body)).not.toBe(await idOf(chosen));
    expect(await idOf((await signIn({ sessionId: id })).body)).not.toBe(id);
    const stored = await api.knex('anonymous_sessions').select();
    expect(JSON.stringify(stored)).not.toContain(first.sessionId);
  });

  test('is gone from a shared computer after signing out', async () => {
    const guest = (await signIn()).body;
    const id = await idOf(guest);
    const { token, sessionId } = guest;
    expect((await api.call('POST', '/api/auth/logout', undefined, { token })).status).toBe(200);
    expect((await api.call('GET', '/api/auth/me', undefined, { token })).status).toBe(401);
    expect(await idOf((await signIn({ sessionId })).body)).not.toBe(id);
  });

  test('who is suspended begins anew, as anybody may', async () => {
    const guest = (await signIn()).body;
    const id = await idOf(guest);
    await api
      .knex('people')
      .where({ id: String(id) })
      .update({ suspended_at: new Date() });
    const next = await signIn({ sessionId: guest.sessionId });
    expect(next.status).toBe(200);
    expect(await idOf(next.body)).not.toBe(id);
  });

  test('gains no further guesses at passwords by coming as somebody else each time', async () => {
    const statuses = [];
    for (let i = 0; i < 3; i += 1) {
      const { token } = (await signIn()).body;
      const body = { email: `${i}@where.org`, password: 'x' };
      statuses.push((await api.call('POST', '/api/auth/login', body, { token })).status);
    }
    expect(statuses).toEqual([401, 401, 429]);
  });
});

describe('an anonymous patient, at other doors,', () => {
  const closed = operationsOf(loadDocument()).filter((operation) => !mayBeAnonymous(operation));

  test('is let into the support door and every way to help, and nowhere else', () => {
    expect(closed.some(({ door }) => door === 'support')).toBe(false);
    expect(closed.some(({ path }) => path.includes('/crisis/'))).toBe(false);
    expect(closed.map(({ id }) => id)).toContain('bookTherapySession');
  });

  test('books nothing, and the attempt is on record', async () => {
    const { token } = (await signIn()).body;
    const path = '/api/therapy/sessions';
    const reply = await api.call('GET', path, undefined, { token });
    expect(reply.status).toBe(403);
    const denied = await api.knex('audit_entries').where({ outcome: 'denied' });
    expect(denied).toEqual([expect.objectContaining({ action: 'listTherapySessions' })]);
  });
});
