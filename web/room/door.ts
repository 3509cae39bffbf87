import type { Joined } from './call.ts';
import { Refused } from './signal.ts';

/** The product's API, as far as a room's page needs it. */
const ACCESS = 'holdfast-room-access';

interface Plain {
  readonly message?: string;
  readonly error?: string;
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

/** A token for the room, wherever it is now. */
export async function join(sessionId: string, key: Key): Promise<Joined> {
  const base = `/teletherapy/sessions/${sessionId}`;
  const answer =
    'token' in key
      ? await post(`${base}/join`, {}, key.token)
      : await post(`${base}/access`, { accessCode: key.code }, null);
  return answer as unknown as Joined;
}

const CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'FORBIDDEN',
  422: 'TOO_SOON',
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
  throw new Refused(code, answer.message ?? 'The room can not be reached.');
}
