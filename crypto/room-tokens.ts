import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { HoldfastError } from '../domain/errors.ts';
import type { KeyRing } from './key-ring.ts';

export const ROOM_ROLES = ['host', 'co_host', 'participant', 'observer'] as const;
export const ROOM_MODES = ['video', 'audio', 'text'] as const;
export type RoomRole = (typeof ROOM_ROLES)[number];
export type RoomMode = (typeof ROOM_MODES)[number];

/** Who may come into which room as what: one placement of one session's room, on one host. */
export interface RoomGrant {
  readonly sessionId: string;
  readonly personId: string;
  readonly role: RoomRole;
  readonly displayName: string;
  /** The placement that it is good for. */
  readonly epoch: number;
  readonly hostId: string;
  readonly mode: RoomMode;
  /** It was given for the session's code, which others may have come by. */
  readonly isByCode?: boolean;
}

/** Time between joining and the first connection, ms. */
export const ROOM_TOKEN_TTL_MS = 60_000;

const RING = 'fields';
const ALGORITHM = 'HS256';
const TYPE = 'room+jwt';
const AUDIENCE = 'holdfast-room';
const KEY_BYTES = 32;
const CLAIM = 'room';

/** A key of its own for each key of the ring: no other token or ciphertext is ever made with it. */
function derive(key: KeyObject): KeyObject {
  const bytes = hkdfSync('sha256', key, Buffer.alloc(0), 'holdfast room token', KEY_BYTES);
  return createSecretKey(Buffer.from(bytes));
}

/** A signed token for one person, one room and a minute. */
export async function issueRoomToken(
  keyRing: KeyRing,
  { personId, ...room }: RoomGrant,
  ttlMs: number = ROOM_TOKEN_TTL_MS,
): Promise<string> {
  const { id, key } = await keyRing.current(RING);
  const expiresAt = new Date(Date.now() + ttlMs);
  return new SignJWT({ [CLAIM]: room })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: id })
    .setSubject(personId)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(expiresAt)
    .sign(derive(key));
}

/**
 * What a token grants. Throws `token_expired`, else `unauthenticated` for whatever this installation
 * did not sign as a room's token; `wrong_state` where it is good for another host. Whether its epoch
 * is the live one is the host's to say.
 */
export async function verifyRoomToken(
  keyRing: KeyRing,
  token: string,
  expected: { readonly hostId: string },
): Promise<RoomGrant> {
  const key = await keyOf(keyRing, token);
  const { payload } = await jwtVerify(token, key, {
    algorithms: [ALGORITHM],
    typ: TYPE,
    audience: AUDIENCE,
    requiredClaims: ['exp', 'sub', CLAIM],
  }).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) {
      throw new HoldfastError('token_expired', 'The room token has expired: join again');
    }
    throw forged();
  });
  // Only what issueRoomToken has signed comes this far.
  const room = payload[CLAIM] as Omit<RoomGrant, 'personId'>;
  if (room.hostId !== expected.hostId) {
    throw new HoldfastError('wrong_state', 'The room is elsewhere: join again');
  }
  return { personId: payload.sub ?? '', ...room };
}

async function keyOf(keyRing: KeyRing, token: string): Promise<KeyObject> {
  const kid = kidOf(token);
  // An id that is not ours must not make every such call read the key file.
  const key =
    kid !== null && keyRing.isOwnId(RING, kid) ? await keyRing.find(RING, kid) : undefined;
  if (key === undefined) throw forged();
  return derive(key);
}

function kidOf(token: string): string | null {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}

function forged(): HoldfastError {
  return new HoldfastError('unauthenticated', 'This is no room token');
}
