import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLimiter, networkOf } from '../../../api/http/rate-limits.ts';
import type { RateLimits } from '../../../api/context.ts';
import { openDatabase } from '../../../db/knex.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestReply } from '../../support/api.ts';

const LIMITS: RateLimits = {
  api: { points: 3, seconds: 900 },
  auth: { points: 2, seconds: 60 },
  admin: { points: 5, seconds: 900 },
  general: { points: 6, seconds: 900 },
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ http: { rateLimits: LIMITS, trustedProxies: 1 } });
}, 120_000);
afterAll(() => api.close());

function from(address: string, path = '/api/auth/login'): Promise<TestReply> {
  const headers = { 'x-forwarded-for': `203.0.113.99, ${address}` };
  const body = { email: `${address}@a.org`, password: 'x' };
  return api.call('POST', path, body, { headers });
}

describe('limits', () => {
  test('count per person, are told in headers, and are answered in the dialect', async () => {
    const [one, two] = [await api.person(), await api.person()];
    const me = ({ token }: { token: string }): Promise<TestReply> =>
      api.call('GET', '/api/auth/me', undefined, { token });
    const replies = [];
    for (let i = 0; i < 4; i += 1) replies.push(await me(one));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const left = replies.map(({ headers }) => headers.get('x-ratelimit-remaining'));
    expect(left).toEqual(['2', '1', '0', '0']);
    const { headers, body } = replies[3]!;
    expect(headers.get('x-ratelimit-limit')).toBe('3');
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject({
      success: false,
      error: 'RATE_LIMITED',
      retryAfter: expect.any(Number),
    });
    expect((await me(two)).status).toBe(200);
  });

  test('count strangers by the address that the trusted proxy saw', async () => {
    const statuses = [];
    for (const address of ['198.51.100.1', '198.51.100.1', '198.51.100.1', '198.51.100.2']) {
      statuses.push((await from(address)).status);
    }
    expect(statuses).toEqual([401, 401, 429, 401]);
  });

  test('of authentication hold across processes, and while the database is away', async () => {
    const other = createLimiter(api.knex, LIMITS);
    const headers: unknown[] = [];
    const res = {
      setHeader: (name: string, value: unknown) => headers.push([name, value]),
    } as never;
    await from('198.51.100.3');
    await other('auth', null, '198.51.100.3', res);
    await expect(other('auth', null, '198.51.100.3', res)).rejects.toMatchObject({
      code: 'rate_limited',
    });
    const gone = openDatabase('postgresql://nobody@127.0.0.1:9/none');
    const lonely = createLimiter(gone, LIMITS);
    await lonely('auth', null, '198.51.100.4', res);
    await lonely('auth', null, '198.51.100.4', res);
    await expect(lonely('auth', null, '198.51.100.4', res)).rejects.toMatchObject({
      code: 'rate_limited',
    });
    await gone.destroy();
  });

  test('count wrong codes strictly, and right ones as anything else', async () => {
    const { token } = await api.person();
    const asked = await api.call<{ data: Readonly<Record<string, string>> }>(
      'POST',
      '/api/therapy/crisis/request',
      {},
      { token },
    );
    const { session_id: id, room_access_code: code = '' } = asked.body.data;
    const knock = async (accessCode: string, address: string): Promise<number> => {
      const headers = { 'x-forwarded-for': `203.0.113.99, ${address}` };
      const path = `/teletherapy/sessions/${id}/access`;
      return (await api.call('POST', path, { accessCode }, { headers })).status;
    };
    const [home, elsewhere] = ['198.51.100.20', '198.51.100.21'];
    // Nobody has taken the call yet: whoever has the code asks again and again.
    for (let i = 0; i < LIMITS.general.points; i += 1) expect(await knock(code, home)).toBe(503);
    expect(await knock(code, home)).toBe(429);
    const statuses = [];
    for (const guess of ['A', 'B', 'C']) statuses.push(await knock(guess, elsewhere));
    expect(statuses).toEqual([404, 404, 429]);
    // The right one among the guesses is not told apart.
    expect(await knock(code, elsewhere)).toBe(429);
    const atOnce = ['A', 'B', 'C', 'D'].map((guess) => knock(guess, '198.51.100.22'));
    expect((await Promise.all(atOnce)).toSorted()).toEqual([404, 404, 429, 429]);
  });

  test('of admins are their own, wherever their endpoints stand', async () => {
    const { token } = await api.person({ role: 'admin' });
    const statuses = [];
    for (let i = 0; i < 6; i += 1) {
      const { status, headers } = await api.call('GET', '/api/v1/people', undefined, { token });
      statuses.push([status, headers.get('x-ratelimit-limit')]);
    }
    expect(statuses).toEqual([...Array.from({ length: 5 }, () => [200, '5']), [429, '5']]);
  });

  test('never touch health and readiness', async () => {
    for (let i = 0; i < 6; i += 1) {
      const { status, headers } = await api.call('GET', '/health');
      expect([status, headers.get('x-ratelimit-limit')]).toEqual([200, null]);
    }
  });
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
