import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { until } from '../../support/until.ts';

let api: TestApi;
let admin: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  const clinicId = await api.clinic();
  admin = await api.person({ role: 'admin', clinicId });
});

function helper(isVerified = false): Promise<TestPerson> {
  return api.person({ role: 'peer', clinicId: admin.clinicId, isVerified });
}

type Verb = 'verify' | 'suspend' | 'reinstate';

function judge(verb: Verb, id: string, by = admin): Promise<TestReply> {
  return api.call('POST', `/api/v1/people/${id}/${verb}`, undefined, { token: by.token });
}

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

async function list(query = ''): Promise<string[]> {
  const path = `/api/v1/people${query}`;
  const { body } = await api.call<Page>('GET', path, undefined, { token: admin.token });
  return body.data.map(({ id }) => id);
}

describe('a helper', () => {
  test('who registers acts as one only after an admin has verified them', async () => {
    const registered = await api.call<{ data: { user: { id: string } }; token: string }>(
      'POST',
      '/api/auth/register',
      {
        username: 'eager-peer',
        email: 'eager@peers.org',
        password: 'SecurePassword123!',
        role: 'counselor',
        isVerified: true,
        verifiedAt: new Date().toISOString(),
        profile: { firstName: 'E', age: 30, role: 'admin', isVerified: true },
      },
    );
    expect(registered.status).toBe(201);
    const { data, token } = registered.body;
    const { id } = data.user;
    const rights = (): Promise<unknown> => api.deps.authenticator.authenticate(token);
    expect(await rights()).toMatchObject({ role: 'counselor', isVerifiedHelper: false });
    const { clinic_id: clinicId } = await api.knex('people').where({ id }).first();
    const chief = await api.person({ role: 'admin', clinicId });
    const reply = await judge('verify', id, chief);
    expect(reply).toMatchObject({ status: 200, body: { verifiedAt: expect.any(String) } });
    await until(async () => (await api.deps.authenticator.authenticate(token)).isVerifiedHelper);
  });

  test('is verified together with their profile as a therapist', async () => {
    const therapist = await api.person({
      isTherapist: true,
      isVerified: false,
      clinicId: admin.clinicId,
    });
    await judge('verify', therapist.id);
    const profile = await api.knex('therapist_profiles').where({ person_id: therapist.id }).first();
    expect(profile.verified_at).toBeInstanceOf(Date);
  });

  test('who is suspended is out at once, and starts anew when reinstated', async () => {
    const peer = await helper(true);
    const me = async (): Promise<number> =>
      (await api.call('GET', '/api/auth/me', undefined, { token: peer.token })).status;
    expect(await me()).toBe(200);
    expect((await judge('suspend', peer.id)).body).toMatchObject({
      suspendedAt: expect.any(String),
    });
    expect(await me()).toBe(401);
    expect((await judge('verify', peer.id)).status).toBe(409);
    expect((await judge('reinstate', peer.id)).body).toMatchObject({ suspendedAt: null });
    expect(await me()).toBe(401);
  });

  test('alone is verified: nobody else has anything to be verified for', async () => {
    const patient = await api.person({ clinicId: admin.clinicId });
    const { status, body, headers } = await judge('verify', patient.id);
    expect([status, body]).toMatchObject([422, { code: 'refused_by_rule', status: 422 }]);
    expect(headers.get('content-type')).toMatch('application/problem+json');
  });
});

describe('admins', () => {
  test('don’t suspend themselves; of two who suspend each other one stays', async () => {
    expect((await judge('suspend', admin.id)).status).toBe(422);
    const other = await api.person({ role: 'admin', clinicId: admin.clinicId });
    const replies = await Promise.all([
      judge('suspend', other.id),
      judge('suspend', admin.id, other),
    ]);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    const left = api.knex('people').where({ clinic_id: admin.clinicId, role: 'admin' });
    expect(await left.whereNull('suspended_at').pluck('id')).toHaveLength(1);
  });

  test('see their clinic’s people by state, a page at a time, without the anonymous', async () => {
    const [waiting, verified, suspended] = [await helper(), await helper(true), await helper(true)];
    await judge('suspend', suspended.id);
    await api.person({ role: 'peer', isVerified: false });
    const guest = await api.person({ clinicId: admin.clinicId });
    await api.knex('people').where({ id: guest.id }).update({ is_anonymous: true });
    expect(await list('?state=unverified')).toEqual([waiting.id]);
    expect(await list('?state=verified')).toEqual([verified.id]);
    expect(await list('?state=suspended')).toEqual([suspended.id]);
    expect(await list('?role=patient')).toEqual([]);
    expect(await list('?role=patient&includeAnonymous=true')).toEqual([guest.id]);
    const seen = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = `?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page: TestReply<Page> = await api.call('GET', `/api/v1/people${query}`, undefined, {
        token: admin.token,
      });
      seen.push(...page.body.data.map(({ id }) => id));
      cursor = page.body.nextCursor;
    }
    expect(seen).toEqual([admin.id, waiting.id, verified.id, suspended.id]);
  });

  test.each([['verify'], ['suspend'], ['reinstate']] as const)(
    '%s by a helper changes nothing and is on record',
    async (verb) => {
      const [peer, other] = [await helper(true), await helper()];
      const before = await api.knex('people').where({ id: other.id }).first();
      expect((await judge(verb, other.id, peer)).status).toBe(403);
      expect((await judge('verify', peer.id, peer)).status).toBe(403);
      expect(await api.knex('people').where({ id: other.id }).first()).toEqual(before);
      const denied = await api.knex('audit_entries').where({ actor_id: peer.id });
      expect(denied.every(({ outcome }) => outcome === 'denied')).toBe(true);
      expect(denied).toHaveLength(2);
    },
  );
});
