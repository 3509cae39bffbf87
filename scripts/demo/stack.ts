import { readFile } from 'node:fs/promises';
import type { DemoFile } from '../launcher/demo-file.ts';
import { homePaths } from '../launcher/home.ts';

/** One of the demo clinic's people, as a client of the API. */
export interface Caller {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** The answer's `data`, or its body where there is no envelope. Throws Refusal. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
}

export interface Stack {
  readonly sandboxUrl: string;
  /** Null where Temporal is not the embedded one. */
  readonly temporalUiUrl: string | null;
  readonly temporalNamespace: string;
  /** The first person of a role whom `fits` accepts. */
  person(role: string, fits?: (id: string) => boolean): Caller;
}

/** The API has refused a request, in one sentence. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const TIMEOUT_MS = 15_000;

type DemoPerson = DemoFile['people'][number];

/** What `npm start` has left in its data folder about the running stack. Throws one sentence without it. */
export async function openStack(settings: {
  home: string;
  temporalNamespace: string;
}): Promise<Stack> {
  const demo = await readDemo(homePaths(settings.home).demo);
  await assertUp(demo.apiUrl);
  return {
    sandboxUrl: demo.sandboxUrl,
    temporalUiUrl: demo.temporalUiUrl === '' ? null : demo.temporalUiUrl,
    temporalNamespace: settings.temporalNamespace,
    person: (role, fits = () => true) => {
      const found = demo.people.find((person) => person.role === role && fits(person.id));
      if (found === undefined) throw new Error(`The demo clinic has no such ${role}.`);
      return openCaller(demo.apiUrl, found);
    },
  };
}

async function readDemo(demoFile: string): Promise<DemoFile> {
  const text = await readFile(demoFile, 'utf8').catch(() => {
    throw new Error(`There is no ${demoFile}: run npm start first, and leave it running.`);
  });
  try {
    return JSON.parse(text) as DemoFile;
  } catch {
    throw new Error(`${demoFile} is not JSON: run npm start again.`);
  }
}

async function assertUp(apiUrl: string): Promise<void> {
  const response = await fetch(`${apiUrl}/ready`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => null);
  if (response === null) {
    throw new Error(`Nothing answers at ${apiUrl}: run npm start first, and leave it running.`);
  }
  if (!response.ok) {
    throw new Error(`The API at ${apiUrl} is not ready yet: try again when npm start says so.`);
  }
}

/** Signs in again, once for each request, when the token that the file holds has expired. */
function openCaller(apiUrl: string, { id, email, password, accessToken }: DemoPerson): Caller {
  let token = accessToken;
  const signIn = async (): Promise<void> => {
    const answer = await send(apiUrl, 'POST', '/api/auth/login', null, { email, password });
    token = accessTokenIn(await parsed(answer));
  };
  return {
    id,
    email,
    name: capitalised(email.split('@')[0] ?? email),
    call: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const first = await send(apiUrl, method, path, token, body);
      if (first.status !== 401) return dataOf(await parsed(first)) as T;
      await first.body?.cancel();
      await signIn();
      return dataOf(await parsed(await send(apiUrl, method, path, token, body))) as T;
    },
  };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function send(
  apiUrl: string,
  method: string,
  path: string,
  token: string | null,
  body: unknown,
): Promise<Response> {
  try {
    return await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (fault) {
    throw new Error(`The API does not answer any more: ${method} ${path}.`, { cause: fault });
  }
}

/** Both of the product's dialects of errors: the published envelope and problem details. */
interface FaultBody {
  readonly code?: string;
  readonly detail?: string;
  readonly error?: { readonly code?: string; readonly message?: string };
}

async function parsed(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body;
  const { code, detail, error } = (body ?? {}) as FaultBody;
  const { pathname } = new URL(response.url);
  const reason = error?.message ?? detail ?? 'without a reason';
  throw new Refusal(
    response.status,
    error?.code ?? code ?? 'unknown',
    `The API refused ${pathname} with ${response.status}: ${reason}`,
  );
}

function dataOf(body: unknown): unknown {
  const isEnveloped = typeof body === 'object' && body !== null && 'data' in body;
  return isEnveloped ? body.data : body;
}

function accessTokenIn(body: unknown): string {
  const answer = dataOf(body) as { accessToken?: string; tokens?: { accessToken?: string } } | null;
  const token = answer?.accessToken ?? answer?.tokens?.accessToken;
  if (token === undefined) throw new Error('Signing in gave no access token.');
  return token;
}
