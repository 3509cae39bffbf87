import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { settleBackground } from '../../../api/background.ts';
import { hashPassword } from '../../../api/auth/passwords.ts';
import { hashSecret } from '../../../api/auth/secrets.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';

const OLD = 'OldPassword123!';
const NEW = 'NewSecurePassword123!';

let api: TestApi;
let oldHash: string;
let person: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
  oldHash = await hashPassword(OLD);
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  person = await withPassword();
});

async function withPassword(): Promise<TestPerson> {
  const made = await api.person();
  await api.knex('people').where({ id: made.id }).update({ password_hash: oldHash });
  return made;
}

interface Pair {
  readonly token: string;
  readonly refreshToken: string;
}

function post<Body = Record<string, unknown>>(
  path: string,
  body?: unknown,
): Promise<TestReply<Body>> {
  return api.call<Body>('POST', `/api/auth/${path}`, body);
}

function login(password: string): Promise<TestReply<Pair>> {
  return post<Pair>('login', { email: person.email, password });
}

async function works(token: string): Promise<boolean> {
  return (await api.call('GET', '/api/auth/me', undefined, { token })).status === 200;
}

async function mailedTokens(email = person.email): Promise<string[]> {
  await post('forgot-password', { email });
  await settleBackground();
  const mails = api.mails.filter(({ to }) => to === email);
  return mails.map(({ text }) => /[?&]token=(\S+)/.exec(text)?.[1] ?? '');
}

function reset(token: string, newPassword = NEW): Promise<TestReply> {
  return post('reset-password', { token, newPassword, confirmPassword: newPassword });
}

describe('a forgotten password', () => {
  test('is answered the same for everybody, and mailed to its account alone', async () => {
    const suspended = await withPassword();
    await api.knex('people').where({ id: suspended.id }).update({ suspended_at: new Date() });
    const before = api.mails.length;
    const replies = [];
    for (const email of [person.email.toUpperCase(), suspended.email, 'nobody@where.org', "' OR"]) {
      const { status, body } = await post('forgot-password', { email });
      replies.push({ status, body });
    }
    await settleBackground();
    expect(replies[0]).toEqual({
      status: 200,
      body: {
        success: true,
        message: 'Password reset email sent',
        details: 'If an account exists with this email, you will receive reset instructions',
      },
    });
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(api.mails.slice(before).map(({ to }) => to)).toEqual([person.email]);
  });

  test('is reset by the mailed token, which ends whatever was signed in', async () => {
    const before = (await login(OLD)).body;
    const [token = ''] = await mailedTokens();
    expect(await reset(token)).toMatchObject({
      status: 200,
      body: { success: true, message: 'Password reset successful' },
    });
    expect((await login(OLD)).status).toBe(401);
    expect((await login(NEW)).status).toBe(200);
    expect(await works(before.token)).toBe(false);
    expect(await works(person.token)).toBe(false);
    expect((await post('refresh', { refreshToken: before.refreshToken })).status).toBe(401);
  });

  test('is reset once by twenty who have the same token', async () => {
    const [token = ''] = await mailedTokens();
    const passwords = Array.from({ length: 20 }, (_, i) => `NewPassword-${i}-x`);
    const replies = await Promise.all(passwords.map((password) => reset(token, password)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 400)).toHaveLength(19);
    const winner = passwords[replies.findIndex(({ status }) => status === 200)]!;
    expect((await login(winner)).status).toBe(200);
  });

  test('a token is stored as a digest, and one that was used ends the others', async () => {
    await mailedTokens();
    const [one = '', two = ''] = await mailedTokens();
    const stored = await api.knex('one_time_tokens').where({ person_id: person.id });
    const digests = stored.map(({ token_hash }) => token_hash.toString('hex')).toSorted();
    expect(digests).toEqual([one, two].map((t) => hashSecret(t).toString('hex')).toSorted());
    expect((await reset(one)).status).toBe(200);
    expect((await reset(two)).status).toBe(400);
  });

  test('a token ends after 30 minutes, and is good for nothing else', async () => {
    const [token = ''] = await mailedTokens();
    const { rows } = await api.knex.raw(
      `SELECT expires_at - now() <= interval '30 minutes' AS soon,
         expires_at - now() > interval '29 minutes' AS not_yet
       FROM one_time_tokens WHERE token_hash = ?`,
      [hashSecret(token)],
    );
    expect(rows).toEqual([{ soon: true, not_yet: true }]);
    expect((await api.call('GET', `/auth/verify-email?token=${token}`)).status).toBe(404);
    await api
      .knex('one_time_tokens')
      .where({ token_hash: hashSecret(token) })
      .update({ expires_at: new Date() });
    expect((await reset(token)).body).toMatchObject({
      error: 'MALFORMED_REQUEST',
      details: [{ field: 'token' }],
    });
  });

  test('fills nobody’s mailbox', async () => {
    for (let i = 0; i < 5; i += 1) await mailedTokens();
    expect(api.mails.filter(({ to }) => to === person.email)).toHaveLength(3);
  });

  test.each([
    ['a weak one', { newPassword: 'password1234', confirmPassword: 'password1234' }, 'newPassword'],
    ['another one twice', { newPassword: NEW, confirmPassword: OLD }, 'confirmPassword'],
  ])('%s is refused, and the token stays good', async (_what, passwords, field) => {
    const [token = ''] = await mailedTokens();
    const reply = await post('reset-password', { token, ...passwords });
    expect(reply).toMatchObject({ status: 400, body: { details: [{ field }] } });
    expect((await reset(token)).status).toBe(200);
  });

  test('opens an account that guesses had locked', async () => {
    for (let i = 0; i < 6; i += 1) await login('WrongPass1234');
    expect((await login(OLD)).status).toBe(423);
    const [token = ''] = await mailedTokens();
    await reset(token);
    expect((await login(NEW)).status).toBe(200);
  });
});

describe('another password', () => {
  function change(
    currentPassword: string,
    newPassword = NEW,
    token = person.token,
  ): Promise<TestReply> {
    return api.call('PUT', '/api/auth/password', { currentPassword, newPassword }, { token });
  }

  test('ends every other family, and the mailed tokens', async () => {
    const other = (await login(OLD)).body;
    const [mailed = ''] = await mailedTokens();
    expect(await change(OLD)).toMatchObject({ status: 200, body: { success: true } });
    expect([await works(person.token), await works(other.token)]).toEqual([true, false]);
    expect((await reset(mailed)).status).toBe(400);
    expect((await login(NEW)).status).toBe(200);
  });

  test('needs the current one, which can’t be guessed either', async () => {
    const statuses = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await change('WrongPass1234')).status);
    expect(statuses).toEqual([422, 422, 422, 422, 422, 423]);
    expect((await login(OLD)).status).toBe(200);
  });

  test('a password of letters and digits needs twelve of them, as version A’s example has', async () => {
    expect((await change(OLD, 'weakpass456')).status).toBe(400);
    expect((await change(OLD, 'NewSecurePass456')).status).toBe(200);
  });

  test('of two changes at once one wins', async () => {
    const replies = await Promise.all([change(OLD, `${NEW}1`), change(OLD, `${NEW}2`)]);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 422]);
  });

  test('of a sign-in that meets a reset, none survives with the old password', async () => {
    const [token = ''] = await mailedTokens();
    const logins = Array.from({ length: 4 }, () => login(OLD));
    const [done, ...signedIn] = await Promise.all([reset(token), ...logins]);
    expect(done?.status).toBe(200);
    const tokens = signedIn.flatMap(({ body }) => ('token' in body ? [body.token] : []));
    for (const survivor of tokens) expect(await works(survivor)).toBe(false);
  });
});
