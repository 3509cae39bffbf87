import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestReply } from '../../support/api.ts';

/** The published body of version A; version B's is made of it in its test. */
function accountA(name: string): Record<string, unknown> {
  return {
    username: name,
    email: `${name}@university.edu`,
    password: 'SecurePass123',
    role: 'patient',
    profile: {
      firstName: 'John',
      lastName: 'Doe',
      dateOfBirth: '1995-05-15',
      phoneNumber: '+1234567890',
      emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phoneNumber: '+1234567891' },
    },
  };
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}
interface SignedIn {
  readonly data: { readonly user: Record<string, unknown>; readonly tokens: Tokens };
  readonly user: Record<string, unknown>;
  readonly token: string;
  readonly refreshToken: string;
  readonly expiresIn?: number;
}

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

function register(body: unknown): Promise<TestReply<SignedIn>> {
  return api.call<SignedIn>('POST', '/api/auth/register', body);
}

function login(email: string, password: string): Promise<TestReply<SignedIn>> {
  return api.call<SignedIn>('POST', '/api/auth/login', { email, password });
}

describe('registering', () => {
  test("version A's body gives both versions' answers", async () => {
    const { status, body } = await register(accountA('john_doe'));
    expect(status).toBe(201);
    expect(body.data.user).toEqual({
      id: expect.any(String),
      username: 'john_doe',
      email: 'john_doe@university.edu',
      role: 'patient',
      isActive: true,
      createdAt: expect.any(String),
    });
    expect(body.data.tokens).toEqual({
      accessToken: body.token,
      refreshToken: body.refreshToken,
      expiresIn: 3600,
    });
    expect(body.user).toEqual({
      _id: body.data.user['id'],
      username: 'john_doe',
      email: 'john_doe@university.edu',
      role: 'patient',
      profile: { firstName: 'John', lastName: 'Doe', age: null, preferredName: null },
      isVerified: false,
      isOnline: false,
      createdAt: body.data.user['createdAt'],
      lastLoginAt: null,
    });
    expect(body).toMatchObject({ success: true, verificationEmail: 'sent' });
  });

  test("version B's body is kept, the emergency contact encrypted", async () => {
    const { status, body } = await register({
      ...accountA('johndoe123'),
      password: 'Secure1!',
      role: 'peer',
      profile: {
        firstName: 'John',
        lastName: 'Doe',
        age: 25,
        preferredName: 'Johnny',
        phoneNumber: '+1 (234) 567-892',
        emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phone: '+1234567891' },
        preferences: {
          language: 'en',
          timezone: 'America/New_York',
          notifications: { email: true, sms: false, push: true },
        },
      },
      agreedToTerms: true,
      agreedToPrivacy: true,
    });
    expect(status).toBe(201);
    const id = body.user['_id'];
    const person = await api.knex('people').where({ id }).first();
    expect(person).toMatchObject({
      role: 'peer',
      verified_at: null,
      phone: '+1234567892',
      time_zone: 'America/New_York',
      terms_agreed_at: expect.any(Date),
    });
    expect(person.emergency_contact.toString('latin1')).not.toContain('Jane');
    expect(
      await api.knex('notification_preferences').where({ person_id: id }).first(),
    ).toMatchObject({ email: true, sms: false, push: true });
  });

  test.each([
    ['a weak password', { password: 'password1234' }, 400, 'MALFORMED_REQUEST'],
    ['a child', { profile: { age: 12 } }, 400, 'MALFORMED_REQUEST'],
    ['no age', { profile: { firstName: 'A' } }, 400, 'MALFORMED_REQUEST'],
    ['an impossible date', { profile: { dateOfBirth: '1995-02-30' } }, 400, 'MALFORMED_REQUEST'],
    ['an unknown zone', { profile: { age: 30, preferences: { timezone: 'Mars/Base' } } }, 400],
    ['an admin', { role: 'admin' }, 403, 'FORBIDDEN'],
    ['staff', { role: 'staff' }, 403, 'FORBIDDEN'],
    ['refused terms', { agreedToTerms: false }, 422, 'CONSENT_REQUIRED'],
  ])('%s is refused', async (_what, part, expected, code = 'MALFORMED_REQUEST') => {
    const { status, body } = await register({ ...accountA('nobody'), ...part });
    expect({ status, body }).toEqual({
      status: expected,
      body: {
        success: false,
        message: expect.any(String),
        error: code,
        details: expected === 400 ? [expect.objectContaining({ field: expect.any(String) })] : [],
      },
    });
  });

  test('who names no time zone is told times by the clinic’s clock', async () => {
    const clinic = () => api.knex('clinics').where({ id: api.clinicId });
    const { time_zone: before } = await clinic().first();
    await clinic().update({ time_zone: 'America/Chicago' });
    const { body } = await register(accountA('no_zone'));
    await clinic().update({ time_zone: before });
    const person = await api.knex('people').where({ id: body.data.user['id'] }).first();
    expect(person.time_zone).toBe('America/Chicago');
  });

  test('of many registrations of one address at once, one wins', async () => {
    const replies = await Promise.all(Array.from({ length: 6 }, () => register(accountA('racer'))));
    expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
    const again = await register({ ...accountA('RACER'), email: 'Racer@University.edu' });
    expect(again.status).toBe(409);
  });

  test('the mailed link verifies the address, whoever opens it first', async () => {
    await register(accountA('verifier'));
    const mail = api.mails.findLast(({ to }) => to === 'verifier@university.edu');
    const link = new URL(/http\S+/.exec(mail?.text ?? '')?.[0] ?? '');
    const visit = (): Promise<TestReply> => api.call('GET', `${link.pathname}${link.search}`);
    expect((await visit()).body).toEqual({ verified: true });
    expect((await visit()).body).toEqual({ verified: true });
    const person = await api.knex('people').where({ username: 'verifier' }).first();
    expect(person.email_verified_at).toBeInstanceOf(Date);
    const unknown = await api.call('GET', '/auth/verify-email?token=nothing');
    expect(unknown.headers.get('content-type')).toMatch('application/problem+json');
    expect(unknown.body).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('signing in', () => {
  test('gives both shapes and a token that works', async () => {
    await register(accountA('login_ok'));
    const { status, body } = await login('LOGIN_OK@university.edu', 'SecurePass123');
    expect(status).toBe(200);
    expect(body).toMatchObject({ expiresIn: 3600, user: { isOnline: true } });
    const me = await api.call<SignedIn>('GET', '/api/auth/me', undefined, { token: body.token });
    expect(me.body.data.user).toEqual({
      id: body.user['_id'],
      username: 'login_ok',
      email: 'login_ok@university.edu',
      role: 'patient',
      profile: {
        firstName: 'John',
        lastName: 'Doe',
        dateOfBirth: '1995-05-15',
        phoneNumber: '+1234567890',
        emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phoneNumber: '+1234567891' },
      },
      isActive: true,
      isOnline: false,
      lastLogin: body.user['lastLoginAt'],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
  });

  test('an unknown address is told the same as a wrong password, locks included', async () => {
    await register(accountA('known'));
    const attempts = async (email: string): Promise<unknown[]> => {
      const replies = [];
      for (let i = 0; i < 6; i += 1) replies.push(await login(email, 'WrongPass1234'));
      return replies.map(({ status, body }) => ({ status, body }));
    };
    const [known, unknown] = [
      await attempts('known@university.edu'),
      await attempts('no@where.org'),
    ];
    expect(known).toEqual(unknown);
    const refusal = {
      success: false,
      message: 'Invalid credentials',
      error: 'INVALID_CREDENTIALS',
    };
    expect(known[4]).toEqual({ status: 401, body: { ...refusal, details: [] } });
    expect(known[5]).toMatchObject({ status: 423, body: { retryAfter: 1800 } });
    expect((await login('known@university.edu', 'SecurePass123')).status).toBe(423);
  });

  test('guesses sent all at once are no more than five', async () => {
    await register(accountA('flooded'));
    const spellings = [
      'flooded@university.edu',
      'Flooded@university.edu',
      'FLOODED@UNIVERSITY.EDU',
    ];
    const guesses = Array.from({ length: 12 }, (_, i) =>
      login(spellings[i % spellings.length]!, 'WrongPass1234'),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 423)).toHaveLength(7);
  });
});

describe('tokens', () => {
  async function account(name: string): Promise<SignedIn> {
    return (await register(accountA(name))).body;
  }

  function refresh(refreshToken: string): Promise<TestReply<Tokens & SignedIn & { data: Tokens }>> {
    return api.call('POST', '/api/auth/refresh', { refreshToken });
  }

  async function works(token: string): Promise<boolean> {
    const { status } = await api.call('GET', '/api/auth/me', undefined, { token });
    expect([200, 401]).toContain(status);
    return status === 200;
  }

  test('a refresh token gives a new pair once; its second use ends the family', async () => {
    const first = await account('rotating');
    const second = await refresh(first.refreshToken);
    expect(second.status).toBe(200);
    expect(second.body.data).toEqual({
      accessToken: second.body.token,
      refreshToken: second.body.refreshToken,
      expiresIn: 3600,
    });
    expect(await works(second.body.token)).toBe(true);
    const reuse = await refresh(first.refreshToken);
    expect(reuse.body).toMatchObject({ success: false, error: 'TOKEN_REUSED' });
    expect((await refresh(second.body.refreshToken)).status).toBe(401);
    expect(await works(second.body.token)).toBe(false);
    expect(await works(first.token)).toBe(false);
  });

  test('of twenty uses at once one wins, and the family is dead all the same', async () => {
    const first = await account('racing');
    const twenty = Array.from({ length: 20 }, () => refresh(first.refreshToken));
    const replies = await Promise.all(twenty);
    const winners = replies.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 401)).toHaveLength(19);
    expect((await refresh(winners[0]?.body.refreshToken ?? '')).status).toBe(401);
    expect(await works(winners[0]?.body.token ?? '')).toBe(false);
    expect(await works(first.token)).toBe(false);
  });

  test('logging out ends this family at once and no other', async () => {
    const first = await account('leaving');
    const other = (await login('leaving@university.edu', 'SecurePass123')).body;
    expect(await works(first.token)).toBe(true);
    const reply = await api.call(
      'POST',
      '/api/auth/logout',
      { refreshToken: first.refreshToken },
      { token: first.token },
    );
    expect(reply).toMatchObject({ status: 200, body: { success: true } });
    expect(await works(first.token)).toBe(false);
    expect((await refresh(first.refreshToken)).status).toBe(401);
    expect(await works(other.token)).toBe(true);
  });

  test('nobody ends the family of another with a refresh token', async () => {
    const [victim, attacker] = [await account('victim'), await account('attacker')];
    const { refreshToken } = victim;
    await api.call('POST', '/api/auth/logout', { refreshToken }, { token: attacker.token });
    expect(await works(victim.token)).toBe(true);
  });
});
