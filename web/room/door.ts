import type { Mode } from './devices.ts';
import { keepRenewal, renewalAtHand } from './renewal.ts';
import type { Joined } from './room-view.ts';
import { Refused } from './signal.ts';

/** The product's API, as far as a room's page needs it. */
const ACCESS = 'holdfast-room-access';

interface Plain {
  readonly message?: string;
  readonly error?: string;
  readonly opensAt?: string;
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly data?: { readonly accessToken?: string; readonly token?: string };
  readonly token?: string;
}

/** How somebody proves who they are: with an account's token, or with the session's access code. */
export type Key = { token: string } | { readonly code: string };

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

export function remember(key: Key, refreshToken: string | null = null): Key {
  sessionStorage.setItem(ACCESS, JSON.stringify(key));
  keepRenewal(refreshToken);
  return key;
}

export function forget(): void {
  sessionStorage.removeItem(ACCESS);
  keepRenewal(null);
}

export async function signIn(email: string, password: string): Promise<Key> {
  const answer = await post('/api/auth/login', { email, password });
  return remember({ token: tokenOf(answer) }, answer.refreshToken ?? null);
}

function tokenOf({ data, accessToken, token }: Plain): string {
  const given = data?.accessToken ?? accessToken ?? data?.token ?? token;
  if (given === undefined) throw new Refused('UNAUTHENTICATED', 'Signing in did not work.');
  return given;
}

/** A room's token, and what the session is like. */
export interface Pass extends Joined {
  readonly room?: { readonly mode?: Mode };
}

/** A token for the room, wherever it is now. */
export async function join(sessionId: string, key: Key): Promise<Pass> {
  const base = `/teletherapy/sessions/${sessionId}`;
  if ('code' in key) return passOf(await post(`${base}/access`, { accessCode: key.code }));
  const ask = async (): Promise<Pass> =>
    passOf(await post(`${base}/join`, {}, { authorization: `Bearer ${key.token}` }));
  try {
    return await ask();
  } catch (error) {
    // A session may be longer than the life of a token.
    const isOut = error instanceof Refused && error.code === 'UNAUTHENTICATED';
    if (!isOut || !(await isRenewed(key))) throw error;
    return ask();
  }
}

function passOf(answer: Plain): Pass {
  return answer as unknown as Pass;
}

/** Whether the account's token could be renewed; only where this page itself has signed in. */
async function isRenewed(key: { token: string }): Promise<boolean> {
  const renewal = renewalAtHand();
  if (renewal === null) return false;
  const { refreshToken, questionId } = renewal;
  const headers = { 'idempotency-key': questionId };
  const answer = await post('/api/auth/refresh', { refreshToken }, headers);
  key.token = tokenOf(answer);
  remember(key, answer.refreshToken ?? null);
  return true;
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

async function post(
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Plain> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
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
