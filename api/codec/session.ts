import { hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, jwtVerify } from 'jose';
import type { KeyRing } from '../../crypto/key-ring.ts';

/** Someone who may read workflows in clear. */
export interface CodecPerson {
  readonly id: string;
  readonly role: string;
  readonly clinicId: string | null;
}

export const SESSION_TTL_MS = 8 * 3_600_000;
const AUDIENCE = 'holdfast-codec';
const ALGORITHM = 'HS256';

/** A key for signing alone, derived from a payload key: a rotation keeps sessions alive. */
function signingKey(payloadKey: KeyObject): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', payloadKey, '', AUDIENCE, 32));
}

/** The signed cookie's value; good for {@link SESSION_TTL_MS}. */
export async function sealSession(keyRing: KeyRing, person: CodecPerson): Promise<string> {
  const { id, key } = await keyRing.current('payloads');
  return new SignJWT({ role: person.role, clinic: person.clinicId })
    .setProtectedHeader({ alg: ALGORITHM, kid: id })
    .setSubject(person.id)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(new Date(Date.now() + SESSION_TTL_MS))
    .sign(signingKey(key));
}

/** The person of a cookie's value, or null when it is forged, changed or too old. */
export async function openSession(keyRing: KeyRing, value: string): Promise<CodecPerson | null> {
  try {
    const { payload } = await jwtVerify(
      value,
      async ({ kid = '' }) => {
        const key = keyRing.isOwnId('payloads', kid) ? await keyRing.find('payloads', kid) : null;
        if (!key) throw new Error('unknown key');
        return signingKey(key);
      },
      { algorithms: [ALGORITHM], audience: AUDIENCE, requiredClaims: ['sub', 'exp'] },
    );
    const { sub, role, clinic } = payload;
    if (sub === undefined || typeof role !== 'string') return null;
    return { id: sub, role, clinicId: typeof clinic === 'string' ? clinic : null };
  } catch {
    return null;
  }
}
