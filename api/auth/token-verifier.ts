import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { TrustedIssuer } from '../../config/json-settings.ts';
import type { AuthSettings } from '../../config/types.ts';
import { TOKEN_ALGORITHM } from '../../crypto/key-file.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { AUDIENCE, FAMILY_CLAIM, SHARED_ALGORITHM, sharedKey } from './access-tokens.ts';

/** A token whose signature, issuer, audience and time are right. */
export type VerifiedToken = { readonly expiresAt: number } & (
  | { readonly kind: 'own'; readonly personId: string; readonly familyId: string }
  | { readonly kind: 'foreign'; readonly issuer: string; readonly subject: string }
);

export interface VerifierOptions {
  readonly keyRing: KeyRing;
  readonly publicUrl: string;
  readonly auth: Pick<AuthSettings, 'sharedSecret' | 'trustedIssuers'>;
}

const MAX_TOKEN_LENGTH = 4_096;
const JWKS_TIMEOUT_MS = 3_000;
const CLOCK_TOLERANCE_SECONDS = 5;

/** `graceSeconds` lets a token pass for that long after its end. */
export type VerifyToken = (token: string, graceSeconds?: number) => Promise<VerifiedToken>;

/** Verifies tokens; each issuer's algorithm is pinned, whatever a token's header says. */
export function createTokenVerifier(options: VerifierOptions): VerifyToken {
  const own = ownKeys(options);
  const foreign = new Map(
    options.auth.trustedIssuers.map((issuer) => [
      issuer.issuer,
      {
        issuer,
        keys: createRemoteJWKSet(new URL(issuer.jwksUrl), { timeoutDuration: JWKS_TIMEOUT_MS }),
      },
    ]),
  );
  return async (token, graceSeconds = CLOCK_TOLERANCE_SECONDS) => {
    const issuer = issuerOf(token);
    const { publicUrl } = options;
    try {
      if (issuer === publicUrl) return await verifyOwn(token, own, publicUrl, graceSeconds);
      const known = foreign.get(issuer);
      if (known === undefined) throw refused();
      return await verifyForeign(token, known.issuer, known.keys, graceSeconds);
    } catch (error) {
      throw translate(error);
    }
  };
}

/** A key works with its own algorithm alone: what is published never checks an HS256 token. */
function ownKeys({ keyRing, auth }: VerifierOptions): JWTVerifyGetKey {
  const shared = sharedKey(auth);
  return async ({ alg, kid }) => {
    if (alg === SHARED_ALGORITHM && shared !== null) return shared;
    const isOwn = alg === TOKEN_ALGORITHM && kid !== undefined;
    const key = isOwn ? await keyRing.verificationKey(kid) : undefined;
    if (key === undefined) throw refused();
    return key;
  };
}

async function verifyOwn(
  token: string,
  keys: JWTVerifyGetKey,
  publicUrl: string,
  clockTolerance: number,
): Promise<VerifiedToken> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: [TOKEN_ALGORITHM, SHARED_ALGORITHM],
    issuer: publicUrl,
    audience: AUDIENCE,
    requiredClaims: ['sub', 'exp', FAMILY_CLAIM],
    clockTolerance,
  });
  const familyId = payload[FAMILY_CLAIM];
  const personId = payload.sub ?? '';
  if (typeof familyId !== 'string' || !isUuid(familyId) || !isUuid(personId)) throw refused();
  return { kind: 'own', personId, familyId, expiresAt: expiryOf(payload) };
}

async function verifyForeign(
  token: string,
  issuer: TrustedIssuer,
  keys: JWTVerifyGetKey,
  clockTolerance: number,
): Promise<VerifiedToken> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    ...(issuer.audience === null ? {} : { audience: issuer.audience }),
    requiredClaims: ['sub', 'exp'],
    clockTolerance,
  });
  // A token that was made out to somebody is not for whoever else gets hold of it.
  if (issuer.audience === null && payload.aud !== undefined) throw refused();
  const subject = payload.sub ?? '';
  return { kind: 'foreign', issuer: issuer.issuer, subject, expiresAt: expiryOf(payload) };
}

function expiryOf(payload: JWTPayload): number {
  return (payload.exp ?? 0) * 1000;
}

/** Read before the signature is checked: it only picks the keys and rules to check with. */
function issuerOf(token: string): string {
  if (token.length > MAX_TOKEN_LENGTH) throw refused();
  try {
    decodeProtectedHeader(token);
    return decodeJwt(token).iss ?? '';
  } catch {
    throw refused();
  }
}

function refused(): HoldfastError {
  return new HoldfastError('unauthenticated', 'The token is not valid');
}

function translate(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (error instanceof errors.JWTExpired) {
    return new HoldfastError('token_expired', 'The token has expired');
  }
  const isNoAnswer = error instanceof errors.JWKSTimeout || (error as Error).name === 'TypeError';
  const isBadAnswer = error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
  if (isNoAnswer || isBadAnswer) {
    return new HoldfastError('dependency_unavailable', "The issuer's keys can't be reached");
  }
  return refused();
}
