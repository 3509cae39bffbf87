import type { Mode } from './devices.ts';
import type { Joined } from './room-view.ts';
import { Refused } from './signal.ts';

/** The product's API, as far as a room's page needs it. */
const ACCESS = 'holdfast-room-access';

interface Plain {
  readonly message?: string;
  readonly error?: string;
  readonly opensAt?: string;
  readonly accessToken?: string;
  readonly data?: { readonly accessToken?: string; readonly token?: string };
  readonly token?: string;
}

/** How somebody proves who they are: with an account's token, or with the session's access code. */
export type Key = { readonly token: string } | { readonly code: string };

/** What this tab was opened with, or was told before; the address is cleaned of it. */
export function rememberedKey(): Key | null {
  const params = new URLSearchParams(location.hash.slice(1));
  const [token, code] = [params.get('token'), params.get('code')];
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  if (token !== null) return remember({ token });
  if (code !== null) return remember({ code });
  const kept = sessionStorage.getItem(ACCESS);
  return kept === null ? null : (JSON.parse(kept) as Key);
}

export function remember(key: Key): Key {
  sessionStorage.setItem(ACCESS, JSON.stringify(key));
  return key;
}

export function forget(): void {
  sessionStorage.removeItem(ACCESS);
}

export async function signIn(email: string, password: string): Promise<Key> {
  const answer = await post('/api/auth/login', { email, password }, null);
  const token =
    answer.data?.accessToken ?? answer.accessToken ?? answer.data?.token ?? answer.token;
  if (token === undefined) throw new Refused('UNAUTHENTICATED', 'Signing in did not work.');
  return remember({ token });
}

/** A room's token, and what the session is like. */
export interface Pass extends Joined {
  readonly room?: { readonly mode?: Mode };
}

/** A token for the room, wherever it is now. */
export async function join(sessionId: string, key: Key): Promise<Pass> {
  const base = `/teletherapy/sessions/${sessionId}`;
  const answer =
    'token' in key
      ? await post(`${base}/join`, {}, key.token)
      : await post(`${base}/access`, { accessCode: key.code }, null);
  return answer as unknown as Pass;
}

/** A token is good for a minute; some of it goes on the way. */
const FRESH_MS = 40_000;

/**
 * Asks for a first token at once, to learn what the session is like. Whoever is quick with their devices
 * comes in with it; nothing is lost where it is refused, since the next one says why.
 */
export async function firstPass(
  sessionId: string,
  key: Key,
): Promise<{ mode: Mode; join: () => Promise<Pass> }> {
  const at = performance.now();
  let first = await join(sessionId, key).catch(() => null);
  return {
    mode: first?.room?.mode ?? 'video',
    join: async () => {
      const pass = first;
      first = null;
      return pass !== null && performance.now() - at < FRESH_MS ? pass : join(sessionId, key);
    },
  };
}

const CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'FORBIDDEN',
  422: 'TOO_SOON',
  429: 'RATE_LIMITED',
  503: 'MEDIA_UNAVAILABLE',
};

async function post(path: string, body: object, token: string | null): Promise<Plain> {
  const response = await fetch(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json().catch(() => ({}))) as Plain;
  if (response.ok) return answer;
  // Anything else may be better in a moment.
  const code = CODES[response.status] ?? 'UNREACHABLE';
  const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw new Refused(code, messageOf(answer), retryAfterS > 0 ? retryAfterS * 1_000 : null);
}

function messageOf({ message, opensAt }: Plain): string {
  if (opensAt === undefined) return message ?? 'The room can not be reached.';
  const time = new Date(opensAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  return `The room opens ${time}.`;
}
