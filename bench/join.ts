import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { type FakePeople, openFakePeople } from '../scripts/pages/fake-people.ts';
import { findBrowser } from '../scripts/provision/browser.ts';
import { root } from '../scripts/root.ts';
import type { BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { alternate, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';

const JOINS = 100;
/** Cameras answer no two requests for a whole picture shortly one after another. */
const PAUSE_MS = 700;
const MINUTE_MS = 60_000;

/**
 * From the token that `join` gives to the other one's first decoded picture, in Chromium, beside the same
 * browser in a room of bare mediasoup. Both have somebody there already who sends and receives, and
 * whoever joins sends too.
 */
export async function measureJoin(context: BenchContext, workerBin: string): Promise<Finding[]> {
  const browserPath = findBrowser();
  if (browserPath === null) {
    console.error('  NOT MEASURED: joining, since there is no Chromium');
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-join-'));
  const entry = 'web/testing/joiner.ts';
  const people = await openFakePeople({ browserPath, entry, folder, framesPerSecond: 20 });
  const bare = await startBare(workerBin);
  try {
    const contestants = {
      ours: await ownRoom(context, people),
      baseline: await bareRoom(bare.url, people),
    };
    return findingsOf(await alternate(Math.max(6, Math.round(JOINS * context.scale)), contestants));
  } finally {
    await people.close();
    await bare.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function findingsOf(timesMs: Record<'ours' | 'baseline', readonly number[]>): Finding[] {
  const at = (q: number, target: { atMost: number } | null): Finding =>
    compared({
      measure: `joining, token to first picture, p${q * 100}`,
      ours: percentile(timesMs.ours, q),
      baseline: percentile(timesMs.baseline, q),
      unit: 'ms',
      target,
      details: { ...timesMs },
    });
  return [at(0.5, null), at(0.95, { atMost: 1.3 })];
}

async function startBare(workerBin: string): Promise<{ url: string; close(): Promise<void> }> {
  const child = fork(join(root, 'bench/baseline/bare-room.ts'), [workerBin], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return {
    url,
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** A tab whose camera is on. */
async function tab(people: FakePeople): Promise<Page> {
  const page = await people.open({});
  await page.evaluate('window.joiner.prepare()');
  return page;
}

async function comeAndGo(page: Page, how: string): Promise<number> {
  const took = await page.evaluate<number>(how);
  await page.evaluate('window.joiner.leave()');
  await delay(PAUSE_MS);
  return took;
}

/** The client is there; the therapist comes and goes. */
async function ownRoom(context: BenchContext, people: FakePeople): Promise<() => Promise<number>> {
  const { therapists, clients } = await context.openClinic({ therapists: 1, clients: 1 });
  const [therapist, client] = [therapists[0]!, clients[0]!];
  const { apiUrl } = context.stack.demo;
  const now = Date.now();
  const { id } = await post<{ id: string }>(`${apiUrl}/api/teletherapy/sessions`, therapist, {
    title: 'Benchmark',
    type: 'individual',
    mode: 'video',
    startTime: new Date(now + MINUTE_MS).toISOString(),
    endTime: new Date(now + 60 * MINUTE_MS).toISOString(),
    participantIds: [client.id],
  });
  const joining = async (person: BenchPerson): Promise<string> => {
    const url = `${apiUrl}/api/teletherapy/sessions/${id}/join`;
    return `window.joiner.ours(${JSON.stringify(await post(url, person, {}))})`;
  };
  const [host, guest] = [await tab(people), await tab(people)];
  const meeting = host.evaluate(await joining(therapist));
  // Where they do not meet, whatever they wait for below says why.
  meeting.catch(() => undefined);
  await host.waitForFunction("window.joiner.call.phase === 'inside'");
  await guest.evaluate(`void ${await joining(client)}`);
  await host.waitForFunction('window.joiner.call.waiting.size === 1');
  await host.evaluate(`window.joiner.call.ask('admit', { personId: '${client.id}' })`);
  await meeting;
  await host.evaluate('window.joiner.leave()');
  return async () => comeAndGo(host, await joining(therapist));
}

async function bareRoom(url: string, people: FakePeople): Promise<() => Promise<number>> {
  const [comer, resident] = [await tab(people), await tab(people)];
  const how = `window.joiner.bare('${url}')`;
  await resident.evaluate(`void ${how}`);
  return () => comeAndGo(comer, how);
}

async function post<T>(url: string, { token }: BenchPerson, body: object): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
