import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { settleBackground } from '../../../api/background.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';

let api: TestApi;
let person: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  person = await api.person({ phone: '+15550001111' });
});

interface User {
  readonly data: {
    readonly user: Record<string, unknown> & { readonly profile: Record<string, unknown> };
  };
}

function put(body: unknown): Promise<TestReply<User>> {
  return api.call<User>('PUT', '/api/auth/profile', body, { token: person.token });
}

function stored(): Promise<Record<string, unknown>> {
  return api.knex('people').where({ id: person.id }).first();
}

const EXAMPLE = {
  profile: {
    firstName: 'John',
    lastName: 'Smith',
    phoneNumber: '+1234567890',
    bio: 'Mental health advocate',
    preferences: { notifications: true, emailUpdates: false },
  },
};

describe('a profile', () => {
  test('version A’s example is kept; the text sealed, the other number unverified', async () => {
    await api.knex('people').where({ id: person.id }).update({ phone_verified_at: new Date() });
    const { status, body } = await put(EXAMPLE);
    expect(status).toBe(200);
    expect(body.data.user.profile).toEqual({
      firstName: 'John',
      lastName: 'Smith',
      phoneNumber: '+1234567890',
      bio: 'Mental health advocate',
    });
    const me = await api.call<User>('GET', '/api/auth/me', undefined, { token: person.token });
    expect(me.body.data.user).toEqual(body.data.user);
    const row = await stored();
    expect(row).toMatchObject({ phone_verified_at: null, preferences: { emailUpdates: false } });
    expect((row['bio'] as Buffer).toString('latin1')).not.toContain('advocate');
    const wishes = await api.knex('notification_preferences').where({ person_id: person.id });
    expect(wishes).toMatchObject([{ email: true, sms: true, push: true }]);
  });

  test('is changed in part, in version B’s shape as well', async () => {
    await put(EXAMPLE);
    await api.knex('people').where({ id: person.id }).update({ phone_verified_at: new Date() });
    const { body } = await put({
      profile: {
        preferredName: 'Johnny',
        phoneNumber: '+1 (234) 567-890',
        bio: null,
        emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phone: '+1234567891' },
        preferences: { language: 'de', timezone: 'Europe/Berlin', notifications: { sms: false } },
      },
    });
    expect(body.data.user.profile).toEqual({
      firstName: 'John',
      lastName: 'Smith',
      preferredName: 'Johnny',
      phoneNumber: '+1234567890',
      emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phoneNumber: '+1234567891' },
    });
    const row = await stored();
    expect(row).toMatchObject({ language: 'de', time_zone: 'Europe/Berlin', bio: null });
    expect(row['phone_verified_at']).toBeInstanceOf(Date);
    const wishes = await api.knex('notification_preferences').where({ person_id: person.id });
    expect(wishes).toMatchObject([{ email: true, sms: false, push: true }]);
  });

  test('gives nobody a role, another address or a verification', async () => {
    const before = await stored();
    const rights = {
      role: 'admin',
      isVerified: true,
      verifiedAt: new Date().toISOString(),
      verified_at: new Date().toISOString(),
      email: 'admin@clinic.example',
      clinicId: person.clinicId,
      isAnonymous: true,
      suspended_at: null,
      password_hash: 'x',
    };
    const { status } = await put({ ...rights, profile: { ...rights, firstName: 'Eve' } });
    expect(status).toBe(200);
    const { updated_at: _then, preferences: _p, ...rest } = before;
    expect(await stored()).toMatchObject({ ...rest, first_name: 'Eve' });
  });

  test.each([
    ['a child', { age: 12 }],
    ['a child by birth', { dateOfBirth: '2020-01-01' }],
    ['an impossible date', { dateOfBirth: '1995-02-30' }],
    ['no phone', { phoneNumber: 'call me' }],
    ['no zone', { preferences: { timezone: 'Mars/Base' } }],
    ['no language', { preferences: { language: 'x; DROP' } }],
    ['no name', { firstName: null }],
  ])('%s is refused', async (_what, profile) => {
    const { status, body } = await put({ profile });
    expect([status, body]).toMatchObject([400, { success: false, error: 'MALFORMED_REQUEST' }]);
  });

  test('whatever is sent to any endpoint of accounts, nothing breaks', async () => {
    const routes = [
      ['PUT', 'profile'],
      ['PUT', 'password'],
      ['POST', 'forgot-password'],
      ['POST', 'reset-password'],
      ['POST', 'anonymous'],
      ['POST', 'verify'],
      ['POST', 'register'],
      ['POST', 'refresh'],
    ] as const;
    const keys = ['profile', 'email', 'token', 'newPassword', 'bio', 'firstName', 'sessionId', 'x'];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.constantFrom(null, true, -1, 1e308, '', '\u0000', '\uD800', "'; --", '💥'.repeat(200)),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), value, async ([method, path], body) => {
        const { token } = person;
        const reply = await api.call(method, `/api/auth/${path}`, body, { token });
        expect(reply.status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
  });
});

test('no text or secret that was typed is in the log or in the audit record', async () => {
  const mark = 'MARKED-text-1a';
  const emergencyContact = { name: mark, relationship: mark };
  const { token } = person;
  await put({ profile: { firstName: mark, bio: mark, emergencyContact } });
  await put({ profile: { phoneNumber: mark, preferences: { timezone: mark } } });
  const bodies = {
    register: {
      username: mark,
      email: `${mark}@a.org`,
      password: mark,
      profile: { age: 30, firstName: mark, emergencyContact },
    },
    'forgot-password': { email: `${mark}@a.org` },
    'reset-password': { token: mark, newPassword: `${mark}!`, confirmPassword: `${mark}!` },
    anonymous: { sessionId: mark },
    refresh: { refreshToken: mark },
  };
  for (const [path, body] of Object.entries(bodies)) {
    expect((await api.call('POST', `/api/auth/${path}`, body)).status).toBeLessThan(500);
  }
  const passwords = { currentPassword: mark, newPassword: `${mark}!` };
  await api.call('PUT', '/api/auth/password', passwords, { token });
  await settleBackground();
  expect(api.mails.some(({ to }) => to === `${mark}@a.org`)).toBe(true);
  const kept = JSON.stringify([api.logged, await api.knex('audit_entries')]);
  expect(kept.toLowerCase()).not.toContain('marked-text');
});

test('a token is verified as published, and one that is no good is refused', async () => {
  const verify = (token: string): Promise<TestReply> =>
    api.call('POST', '/api/auth/verify', undefined, { token });
  expect(await verify(person.token)).toMatchObject({
    status: 200,
    body: {
      valid: true,
      user: { id: person.id, username: `u-${person.id}`, email: person.email, role: 'patient' },
    },
  });
  expect((await verify(`${person.token}x`)).status).toBe(401);
});
