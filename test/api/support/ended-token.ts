import { SignJWT } from 'jose';
import { AUDIENCE, FAMILY_CLAIM } from '../../../api/auth/access-tokens.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

/** Somebody's access token, as it is some hours after its end. */
export async function tokenThatEnded(
  api: TestApi,
  { id, familyId }: TestPerson,
  hoursAgo: number,
): Promise<string> {
  const { kid, alg, key } = await api.deps.keyRing.signingKey();
  const endedAt = Math.floor(Date.now() / 1_000) - hoursAgo * 3_600;
  return new SignJWT({ [FAMILY_CLAIM]: familyId })
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setSubject(id)
    .setIssuer(api.deps.http.publicUrl)
    .setAudience(AUDIENCE)
    .setIssuedAt(endedAt - 3_600)
    .setExpirationTime(endedAt)
    .sign(key);
}
