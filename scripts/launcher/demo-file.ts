import { renameSync, writeFileSync } from 'node:fs';
import type { SeededClinic, SeededPerson } from '../../db/seed.ts';

export interface DemoPersonAccess extends SeededPerson {
  accessToken: string;
}

/** What scripts and people need to use the running demo clinic. */
export interface DemoFile {
  apiUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  databaseUrl: string;
  sandboxUrl: string;
  clinicId: string;
  people: DemoPersonAccess[];
}

/** Signs every demo person in, over REST as anybody would. */
export async function signInAll(apiUrl: string, clinic: SeededClinic): Promise<DemoPersonAccess[]> {
  return Promise.all(
    clinic.people.map(async (person) => ({ ...person, accessToken: await signIn(apiUrl, person) })),
  );
}

async function signIn(apiUrl: string, { email, password, role }: SeededPerson): Promise<string> {
  const response = await fetch(`${apiUrl}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(15_000),
  });
  const token = response.ok ? accessTokenIn(await response.json()) : null;
  if (token === null) {
    throw new Error(`The demo ${role} could not sign in: the API answered ${response.status}.`);
  }
  return token;
}

/** The answer has one `accessToken`, at whatever depth the door's envelope puts it. */
function accessTokenIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  if ('accessToken' in body && typeof body.accessToken === 'string') return body.accessToken;
  for (const inner of Object.values(body)) {
    const found = accessTokenIn(inner);
    if (found !== null) return found;
  }
  return null;
}

/** Replaces the file whole, readable by its owner alone: it holds passwords and tokens. */
export function writeDemoFile(path: string, demo: DemoFile): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
