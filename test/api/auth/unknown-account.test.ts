import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import * as argon2 from '@node-rs/argon2';
import type { TestApi } from '../../support/api.ts';

// Time is what must not differ; the work that takes it is what can be tested without a clock.
const verify = jest.fn(argon2.verify);
jest.unstable_mockModule('@node-rs/argon2', () => ({ ...argon2, verify }));
const { startTestApi } = await import('../../support/api.ts');

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(() => {
  verify.mockClear();
});

function parametersOf(hash: unknown): string {
  return String(hash).split('$').slice(0, 4).join('$');
}

test('an unknown address costs the same work as a wrong password', async () => {
  const known = await api.person();
  const hash = await argon2.hash('Right-Password1', {
    memoryCost: 19_456,
    timeCost: 2,
    parallelism: 1,
  });
  await api.knex('people').where({ id: known.id }).update({ password_hash: hash });
  const withoutPassword = await api.person();
  const replies = [];
  for (const email of [known.email, 'nobody@where.org', withoutPassword.email]) {
    replies.push(await api.call('POST', '/api/auth/login', { email, password: 'Wrong-Password1' }));
  }
  expect(new Set(replies.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
  const calls = verify.mock.calls.map(([stored, password]) => [parametersOf(stored), password]);
  const once = ['$argon2id$v=19$m=19456,t=2,p=1', 'Wrong-Password1'];
  expect(calls).toEqual([once, once, once]);
});
