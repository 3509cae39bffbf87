import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair, importJWK, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { signAccessToken } from '../../../api/auth/access-tokens.ts';
import { createAuthenticator } from '../../../api/auth/authenticator.ts';
import type { Authenticator } from '../../../api/auth/authenticator.ts';
import type { TrustedIssuer } from '../../../config/json-settings.ts';
import { ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import {
  forgetOldTokens,
  insertFamily,
  insertRefreshToken,
  revokeFamily,
} from '../../../db/tokens.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

const ISSUER = 'https://clinic.example';
const PUBLIC_URL = 'http://localhost:5000';

let api: TestApi;
let person: TestPerson;
let jwks: Server;
let foreignKey: Awaited<ReturnType<typeof generateKeyPair>>;
let published: JWK;
const authenticators: Authenticator[] = [];

beforeAll(async () => {
  api = await startTestApi();
  person = await api.person();
  foreignKey = await generateKeyPair('RS256', { extractable: true });
  published = { ...(await exportJWK(foreignKey.publicKey)), kid: 'theirs' };
  jwks = createServer((_req, res) => res.end(JSON.stringify({ keys: [published] })));
  jwks.listen(0, '127.0.0.1');
  await once(jwks, 'listening');
}, 120_000);
afterAll(async () => {
  await Promise.all(authenticators.map((authenticator) => authenticator.close()));
  jwks.closeAllConnections();
  jwks.close();
  await api.close();
});

function issuers(jwksUrl: string): TrustedIssuer[] {
  return [{ issuer: ISSUER, jwksUrl, audience: 'holdfast-clients', algorithms: ['RS256'] }];
}

/** One process's view: its own caches, over the same database. */
function authenticatorOf(
  trustedIssuers: TrustedIssuer[] = [],
  sharedSecret: string | null = null,
): Authenticator {
  const { knex, databaseUrl, deps } = api;
  const authenticator = createAuthenticator({
    knex,
    crisisKnex: knex,
    databaseUrl,
    keyRing: deps.keyRing,
    publicUrl: PUBLIC_URL,
    auth: { trustedIssuers, sharedSecret },
    log: deps.log,
  });
  authenticators.push(authenticator);
  return authenticator;
}

function withPublicKeyAsSecret(): Promise<string> {
  const { keys } = api.deps.keyRing.publicJwks();
  return new SignJWT({ fam: person.familyId })
    .setProtectedHeader({ alg: 'HS256', kid: keys[0]!.kid! })
    .setSubject(person.id)
    .setIssuer(PUBLIC_URL)
    .setAudience('holdfast')
    .setExpirationTime('5m')
    .sign(Buffer.from(JSON.stringify(keys[0])));
}

function theirJwksUrl(): string {
  return `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/jwks`;
}

function foreignToken(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ role: 'admin', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'theirs', ...header })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(foreignKey.privateKey);
}

/** The same key, used with an algorithm that isn't pinned. */
async function pssToken(claims: Record<string, unknown>): Promise<string> {
  const key = await importJWK(await exportJWK(foreignKey.privateKey), 'PS256');
  const header = { alg: 'PS256', kid: 'theirs' };
  return new SignJWT(claims).setProtectedHeader(header).setExpirationTime('5m').sign(key);
}

describe('our own tokens', () => {
  async function own(change: (jwt: SignJWT) => SignJWT, claims: object = {}): Promise<string> {
    const { kid, alg, key } = await api.deps.keyRing.signingKey();
    const jwt = new SignJWT({ fam: person.familyId, ...claims })
      .setProtectedHeader({ alg, kid })
      .setSubject(person.id)
      .setIssuer(PUBLIC_URL)
      .setAudience('holdfast')
      .setIssuedAt()
      .setExpirationTime('5m');
    return change(jwt).sign(key);
  }

  test('give rights from the database, whatever they claim', async () => {
    const token = await own((jwt) => jwt, { role: 'admin', clinicId: uuidv7() });
    expect(await authenticatorOf().authenticate(token)).toMatchObject({
      personId: person.id,
      role: 'patient',
      clinicId: person.clinicId,
      familyId: person.familyId,
    });
  });

  test.each<[string, () => Promise<string> | string, string]>([
    ['expired', () => own((jwt) => jwt.setExpirationTime('-1m')), 'token_expired'],
    [
      'of another audience',
      () => own((jwt) => jwt.setAudience('holdfast-codec')),
      'unauthenticated',
    ],
    [
      'of an unknown issuer',
      () => own((jwt) => jwt.setIssuer('https://evil.example')),
      'unauthenticated',
    ],
    ['without a family', () => own((jwt) => jwt, { fam: undefined }), 'unauthenticated'],
    ['of another person’s family', () => own((jwt) => jwt.setSubject(uuidv7())), 'unauthenticated'],
    [
      'of a subject that is no id',
      () => own((jwt) => jwt.setSubject("' OR 1=1")),
      'unauthenticated',
    ],
    [
      'unsigned',
      () =>
        new UnsecuredJWT({ fam: person.familyId })
          .setSubject(person.id)
          .setIssuer(PUBLIC_URL)
          .setAudience('holdfast')
          .setExpirationTime('5m')
          .encode(),
      'unauthenticated',
    ],
    ['signed with the public key as a secret', () => withPublicKeyAsSecret(), 'unauthenticated'],
    [
      'of another installation',
      async () => {
        const { kid, alg, key } = await (await ephemeralKeyRing()).signingKey();
        return new SignJWT({ fam: person.familyId })
          .setProtectedHeader({ alg, kid })
          .setSubject(person.id)
          .setIssuer(PUBLIC_URL)
          .setAudience('holdfast')
          .setExpirationTime('5m')
          .sign(key);
      },
      'unauthenticated',
    ],
    ['no token at all', () => 'a.b.c', 'unauthenticated'],
    ['endless', () => 'a'.repeat(100_000), 'unauthenticated'],
  ])('%s: refused', async (_what, make, code) => {
    await expect(authenticatorOf().authenticate(await make())).rejects.toMatchObject({ code });
  });

  test('a secret that the clinic shares signs tokens, and nothing else is believed by it', async () => {
    const sharedSecret = 'of the clinic and of all its services';
    const { auth, keyRing } = api.deps;
    const sign = (secret: string | null): Promise<string> =>
      signAccessToken(
        { keyRing, publicUrl: PUBLIC_URL, auth: { ...auth, sharedSecret: secret } },
        person.id,
        person.familyId,
      ).then(({ token }) => token);
    const shared = await sign(sharedSecret);
    const { payload } = await jwtVerify(shared, Buffer.from(sharedSecret), {
      algorithms: ['HS256'],
      issuer: PUBLIC_URL,
    });
    expect(payload.sub).toBe(person.id);
    const knowing = authenticatorOf([], sharedSecret);
    expect(await knowing.authenticate(shared)).toMatchObject({ personId: person.id });
    // Tokens that were signed before the secret was given live to their end.
    expect(await knowing.authenticate(await sign(null))).toMatchObject({ personId: person.id });
    const others = [sign('another secret of the same length...'), withPublicKeyAsSecret()];
    for (const token of await Promise.all(others)) {
      await expect(knowing.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    await expect(authenticatorOf().authenticate(shared)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('a change of rights reaches another process, which asked before and does not ask again', async () => {
    const [one, two] = [authenticatorOf(), authenticatorOf()];
    await Promise.all([heardBy(one), heardBy(two)]);
    const peer = await api.person({ role: 'peer', isVerified: false });
    for (const process of [one, two]) {
      expect(await process.authenticate(peer.token)).toMatchObject({ isVerifiedHelper: false });
    }
    const changed = Promise.all(
      [one, two].map((process) => changeOf(process, `person:${peer.id}`)),
    );
    await api.knex('people').where({ id: peer.id }).update({ verified_at: new Date() });
    await changed;
    expect(await one.authenticate(peer.token)).toMatchObject({ isVerifiedHelper: true });
    const suspended = changeOf(two, `person:${peer.id}`);
    await api.knex('people').where({ id: peer.id }).update({ suspended_at: new Date() });
    await suspended;
    await expect(two.authenticate(peer.token)).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('a process that hears no changes asks each time, and hears again', async () => {
    const deaf = authenticatorOf();
    await heardBy(deaf);
    const leaver = await api.person();
    await deaf.authenticate(leaver.token);
    // Cuts every listener, as a failover does; the revocation falls into the gap.
    await api.knex.raw(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'holdfast-access' AND datname = current_database()`,
    );
    await revokeFamily(api.knex, leaver.familyId, 'test');
    await heardBy(deaf);
    await expect(deaf.authenticate(leaver.token)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});

/** Resolves once the process has begun to hear changes. */
function heardBy(process: Authenticator): Promise<void> {
  return new Promise((resolve) => process.onChange((subject) => subject === null && resolve()));
}

function changeOf(process: Authenticator, wanted: string): Promise<void> {
  return new Promise((resolve) => process.onChange((subject) => subject === wanted && resolve()));
}

describe("another issuer's tokens", () => {
  const claims = { iss: ISSUER, sub: 'user_1', aud: 'holdfast-clients' };

  test('are nobody’s until their subject is linked; their roles count for nothing', async () => {
    const authenticator = authenticatorOf(issuers(theirJwksUrl()));
    const token = await foreignToken(claims);
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const link = { issuer: ISSUER, subject: 'user_1', person_id: person.id };
    await api.knex('foreign_identities').insert(link);
    const expected = { personId: person.id, role: 'patient', familyId: null };
    expect(await authenticator.authenticate(token)).toMatchObject(expected);
  });

  test.each<[string, () => Promise<string>, string]>([
    ['another audience', () => foreignToken({ ...claims, aud: 'else' }), 'unauthenticated'],
    ['another algorithm', () => pssToken(claims), 'unauthenticated'],
    ['an unknown key', () => foreignToken(claims, { kid: 'other' }), 'unauthenticated'],
    [
      'our issuer with their key',
      () => foreignToken({ ...claims, iss: PUBLIC_URL }),
      'unauthenticated',
    ],
  ])('%s: refused', async (_what, make, code) => {
    const authenticator = authenticatorOf(issuers(theirJwksUrl()));
    const token = await make();
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({ code });
  });

  test('when their keys cannot be fetched: a dependency is down, not the token bad', async () => {
    const authenticator = authenticatorOf(issuers('http://127.0.0.1:9/jwks'));
    await expect(authenticator.authenticate(await foreignToken(claims))).rejects.toMatchObject({
      code: 'dependency_unavailable',
    });
  });
});

test('housekeeping forgets what has run out, and nothing that may still tell a reuse', async () => {
  const { knex } = api;
  const [old, live] = [uuidv7(), uuidv7()];
  for (const id of [old, live]) await insertFamily(knex, id, person.id);
  const hashes = { old: Buffer.alloc(32, 1), used: Buffer.alloc(32, 2) };
  const ttlMs = 60_000;
  await insertRefreshToken(knex, { familyId: old, hash: hashes.old, ttlMs });
  await insertRefreshToken(knex, { familyId: live, hash: hashes.used, ttlMs });
  await knex('token_families')
    .where({ id: old })
    .update({ created_at: new Date('2020-01-01') });
  await knex('refresh_tokens')
    .where({ family_id: old })
    .update({ expires_at: new Date('2020-02-01') });
  await knex('refresh_tokens').where({ family_id: live }).update({ used_at: new Date() });
  await forgetOldTokens(knex);
  const families = await knex('token_families').whereIn('id', [old, live]).pluck('id');
  expect(families).toEqual([live]);
  expect(await knex('refresh_tokens').pluck('family_id')).toEqual([live]);
});
