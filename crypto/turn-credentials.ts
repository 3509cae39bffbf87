import { createHmac } from 'node:crypto';

/** As in WebRTC's RTCConfiguration. */
export interface IceServerAccess {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceOptions {
  readonly iceServers: readonly IceServerAccess[];
  readonly turn: { readonly urls: readonly string[]; readonly secret: string } | null;
}

/** Longer than any session: an allocation is renewed with the same credentials. */
export const TURN_TTL_MS = 12 * 3_600_000;

/**
 * The servers that one peer may use, until `now` + `ttlMs`. Credentials for TURN follow coturn's REST
 * scheme (draft-uberti-behave-turn-rest-00): the name is the time of expiry in Unix seconds and an
 * opaque label, the password its HMAC-SHA1 under the shared secret.
 */
export function iceServersFor(
  { iceServers, turn }: IceOptions,
  label: string,
  now: number,
  ttlMs: number = TURN_TTL_MS,
): IceServerAccess[] {
  if (turn === null) return [...iceServers];
  const username = `${Math.floor((now + ttlMs) / 1000)}:${label}`;
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return [...iceServers, { urls: turn.urls, username, credential }];
}
