import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { settleBackground } from '../../../api/background.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestReply } from '../../support/api.ts';

/** Bodies and answers as the two versions publish them, letter by letter. */
const A = {
  register: {
    username: 'john_doe',
    email: 'john@university.edu',
    password: 'SecurePass123',
    role: 'patient',
    profile: {
      firstName: 'John',
      lastName: 'Doe',
      dateOfBirth: '1995-05-15',
      phoneNumber: '+1234567890',
      emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phoneNumber: '+1234567891' },
    },
  },
  login: { email: 'john@university.edu', password: 'SecurePass123' },
  profile: {
    profile: {
      firstName: 'John',
      lastName: 'Smith',
      phoneNumber: '+1234567890',
      bio: 'Mental health advocate',
      preferences: { notifications: true, emailUpdates: false },
    },
  },
  password: { currentPassword: 'oldPassword123', newPassword: 'newSecurePass456' },
};

const B = {
  register: {
    username: 'johndoe123',
    email: 'john.doe@example.com',
    password: 'SecurePassword123!',
    role: 'patient',
    profile: {
      firstName: 'John',
      lastName: 'Doe',
      age: 25,
      preferredName: 'Johnny',
      phoneNumber: '+1234567890',
      emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phone: '+1234567891' },
      preferences: {
        language: 'en',
        timezone: 'America/New_York',
        notifications: { email: true, sms: false, push: true },
      },
    },
    agreedToTerms: true,
    agreedToPrivacy: true,
  },
  login: { email: 'john.doe@example.com', password: 'SecurePassword123!', rememberMe: true },
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

interface Union {
  readonly success: boolean;
  readonly message: string;
  readonly data: Record<string, unknown>;
  readonly token: string;
  readonly refreshToken: string;
}

function post(path: string, body: unknown, token?: string): Promise<TestReply<Union>> {
  const options = token === undefined ? {} : { token };
  return api.call<Union>('POST', `/api/auth/${path}`, body, options);
}

/** What a client of each version reads. */
function versionA({ body: { success, message, data } }: TestReply<Union>): unknown {
  return { success, message, data };
}

function versionB({ body }: TestReply<Union>): unknown {
  const { success: _success, data: _data, ...flat } = body;
  return flat;
}

const text = expect.any(String) as unknown;
const tokens = { accessToken: text, refreshToken: text, expiresIn: 3600 };

describe('as version A publishes it', () => {
  test('an account lives through all of its calls', async () => {
    const registered = await post('register', A.register);
    const { username, email, role } = A.register;
    const identity = { id: text, username, email, role };
    expect([registered.status, versionA(registered)]).toEqual([
      201,
      {
        success: true,
        message: 'User registered successfully',
        data: { user: { ...identity, isActive: true, createdAt: text }, tokens },
      },
    ]);
    const signedIn = await post('login', A.login);
    const profile = { firstName: 'John', lastName: 'Doe' };
    expect([signedIn.status, versionA(signedIn)]).toEqual([
      200,
      {
        success: true,
        message: 'Login successful',
        data: { user: { ...identity, profile, isActive: true, lastLogin: text }, tokens },
      },
    ]);
    const { refreshToken } = signedIn.body;
    const refreshed = await post('refresh', { refreshToken });
    const message = 'Token refreshed successfully';
    expect(versionA(refreshed)).toEqual({ success: true, message, data: tokens });
    const { token } = refreshed.body;
    const put = (path: string, body: unknown): Promise<TestReply> =>
      api.call('PUT', `/api/auth/${path}`, body, { token });
    expect((await put('profile', A.profile)).status).toBe(200);
    // It keeps the rules; only this account's password is another one.
    expect((await put('password', A.password)).body).toMatchObject({ error: 'REFUSED_BY_RULE' });
    const own = { ...A.password, currentPassword: A.login.password };
    expect((await put('password', own)).status).toBe(200);
    const left = await post('logout', undefined, token);
    expect(left.body).toEqual({ success: true, message: 'Logout successful' });
    expect((await post('verify', undefined, token)).status).toBe(401);
  });
});

describe('as version B publishes it', () => {
  test('an account lives through all of its calls', async () => {
    const registered = await post('register', B.register);
    const { username, email, role } = B.register;
    const identity = { _id: text, username, email, role };
    const names = { firstName: 'John', lastName: 'Doe', preferredName: 'Johnny' };
    expect([registered.status, versionB(registered)]).toEqual([
      201,
      {
        message: 'User registered successfully',
        user: {
          ...identity,
          profile: { ...names, age: 25 },
          isVerified: false,
          isOnline: false,
          createdAt: text,
          lastLoginAt: null,
        },
        token: text,
        refreshToken: text,
        verificationEmail: 'sent',
      },
    ]);
    const signedIn = await post('login', B.login);
    const preferences = { language: 'en', timezone: 'America/New_York' };
    expect([signedIn.status, versionB(signedIn)]).toEqual([
      200,
      {
        message: 'Login successful',
        user: { ...identity, profile: names, isOnline: true, lastLoginAt: text, preferences },
        token: text,
        refreshToken: text,
        expiresIn: 3600,
      },
    ]);
    const { token, refreshToken } = signedIn.body;
    expect((await post('verify', undefined, token)).body).toMatchObject({
      valid: true,
      user: { id: text, username, email, role },
    });
    const refreshed = await post('refresh', { refreshToken });
    const pair = { token: text, refreshToken: text, expiresIn: 3600 };
    expect(versionB(refreshed)).toEqual({ message: text, ...pair });
    const left = await post('logout', { refreshToken }, refreshed.body.token);
    expect(versionB(left)).toEqual({ message: 'Logout successful' });
  });

  test('a password is forgotten and reset', async () => {
    const forgotten = await post('forgot-password', { email: 'john.doe@example.com' });
    expect(versionB(forgotten)).toEqual({
      message: 'Password reset email sent',
      details: 'If an account exists with this email, you will receive reset instructions',
    });
    await settleBackground();
    const mail = api.mails.findLast(({ to }) => to === 'john.doe@example.com');
    const token = /[?&]token=(\S+)/.exec(mail?.text ?? '')?.[1] ?? '';
    const newPassword = 'NewSecurePassword123!';
    const body = { token, newPassword, confirmPassword: newPassword };
    expect(versionB(await post('reset-password', body))).toEqual({
      message: 'Password reset successful',
    });
  });

  test('a lock tells when to come back', async () => {
    const wrong = { ...B.login, email: 'locked@example.com' };
    for (let i = 0; i < 5; i += 1) {
      const { status, body } = await post('login', wrong);
      expect([status, body]).toMatchObject([401, { message: 'Invalid credentials' }]);
    }
    const { status, body, headers } = await post('login', wrong);
    expect([status, body]).toMatchObject([423, { retryAfter: 1800, error: 'ACCOUNT_LOCKED' }]);
    expect(headers.get('retry-after')).toBe('1800');
  });
});
