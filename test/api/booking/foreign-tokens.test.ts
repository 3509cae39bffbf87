import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { type TestApi, startTestApi } from '../../support/api.ts';

const ISSUER = 'https://clerk.clinic.example';

const keys = await generateKeyPair('RS256', { extractable: true });
const jwks = createServer(
  (_req, res) =>
    void exportJWK(keys.publicKey).then((key) =>
      res.end(JSON.stringify({ keys: [{ ...key, kid: 'ins_1' }] })),
    ),
);
let api: TestApi;

beforeAll(async () => {
  jwks.listen(0, '127.0.0.1');
  await once(jwks, 'listening');
  const jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/.well-known/jwks.json`;
  const issuer = { issuer: ISSUER, jwksUrl, audience: null, algorithms: ['RS256'] };
  api = await startTestApi({
    deps: {
      auth: {
        accessTokenTtlMs: 3_600_000,
        refreshTokenTtlMs: 86_400_000,
        sharedSecret: null,
        trustedIssuers: [issuer],
      },
    },
  });
});

afterAll(async () => {
  jwks.closeAllConnections();
  jwks.close();
  await api.close();
});

function token(subject: string, claims: object = {}): Promise<string> {
  return new SignJWT({ role: 'admin', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'ins_1' })
    .setIssuer(ISSUER)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(keys.privateKey);
}

test('a token of a trusted issuer opens this door for the person that it is linked to', async () => {
  const therapist = await api.person({ isTherapist: true });
  await api
    .knex('foreign_identities')
    .insert({ issuer: ISSUER, subject: 'user_2abc', person_id: therapist.id });
  const list = (bearer: string): Promise<{ status: number; body: unknown }> =>
    api.call('GET', '/booking/availability', undefined, { token: bearer });
  expect(await list(await token('user_2abc'))).toMatchObject({ status: 200, body: [] });
  // Made out to somebody else's service by the same issuer.
  expect((await list(await token('user_2abc', { aud: 'another-service' }))).status).toBe(401);
  // Whoever is linked to nobody is nobody, whatever role the token claims.
  expect(await list(await token('user_2xyz'))).toMatchObject({
    status: 401,
    body: { statusCode: 401, error: 'Unauthorized' },
  });
});
