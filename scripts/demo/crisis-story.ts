import { setTimeout as delay } from 'node:timers/promises';
import { INDENT } from './chronicle.ts';
import type { StoryOptions } from './story.ts';
import type { Caller } from './stack.ts';

interface Raised {
  readonly alert: { readonly id: string; readonly userId: string };
}

interface Alerts {
  readonly alerts: readonly {
    readonly id: string;
    readonly status: string;
    readonly assignedCounselor: { readonly name: string } | null;
  }[];
}

interface Page {
  readonly sid: string;
  readonly to: string;
  readonly status: string;
  readonly createdAt: number;
}

const LOOK_EVERY_MS = 500;
const PATIENCE_MS = 60_000;
const TIMEOUT_MS = 5_000;

/**
 * Somebody in a crisis reports it, whoever is on call is rung up and presses 1, speaks with them and
 * ends the alert. Throws one sentence when it goes wrong.
 */
export async function tellCrisisStory(options: StoryOptions): Promise<void> {
  const { stack, chronicle, note } = options;
  const [client, admin] = [stack.person('patient'), stack.person('admin')];
  const startedAt = Date.now();
  const { alert } = await client.call<Raised>('POST', '/api/crisis', {
    severity: 'high',
    description: 'I cannot go on',
  });
  chronicle.say(new Date(), client.name, 'reports a crisis');
  const { temporalUiUrl, temporalNamespace } = stack;
  const where =
    temporalUiUrl === null ? '' : `${temporalUiUrl}/namespaces/${temporalNamespace}/workflows/`;
  note(`${INDENT}in Temporal UI: ${where}alert-${alert.id}\n`);
  await answerByPhone(options, startedAt);
  const holder = await whoHolds(options, admin, alert);
  chronicle.say(new Date(), holder, 'has the alert; every page has stopped');
  const path = `/api/crisis/${alert.id}`;
  const resolution = 'We spoke, and made a safety plan.';
  await admin.call('PUT', path, { status: 'resolved', outcome: 'safety_plan_made', resolution });
  chronicle.say(new Date(), admin.name, 'notes how it ended: the alert is resolved');
  const stats = await admin.call<{ averageResponseTime: number }>('GET', '/api/crisis/stats');
  chronicle.say(new Date(), 'record', `answered after ${stats.averageResponseTime} s on average`);
}

/** The stand-in for the phone provider shows who was paged, and presses 1 for whoever is rung up. */
async function answerByPhone({ stack, chronicle }: StoryOptions, since: number): Promise<void> {
  const told = new Set<string>();
  for (let tries = 0; tries * LOOK_EVERY_MS < PATIENCE_MS; tries += 1) {
    for (const kind of ['messages', 'calls'] as const) {
      for (const page of await pages(stack.sandboxUrl, kind, since)) {
        if (told.has(page.sid)) continue;
        told.add(page.sid);
        const what = kind === 'calls' ? 'rings up' : 'texts';
        chronicle.say(new Date(page.createdAt), 'Holdfast', `${what} ${page.to}`);
      }
    }
    for (const { to } of await pages(stack.sandboxUrl, 'calls', since)) {
      if (!(await press(stack.sandboxUrl, to))) continue;
      chronicle.say(new Date(), 'on call', `presses 1 at ${to}`);
      return;
    }
    await delay(LOOK_EVERY_MS);
  }
  throw new Error('Nobody could be rung up in time.');
}

async function pages(
  sandboxUrl: string,
  kind: 'messages' | 'calls',
  since: number,
): Promise<readonly Page[]> {
  const url = `${sandboxUrl}/control/twilio/${kind}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const body = (await response.json()) as Readonly<Record<string, readonly Page[]>>;
  return (body[kind] ?? []).filter(({ createdAt }) => createdAt >= since);
}

async function press(sandboxUrl: string, to: string): Promise<boolean> {
  const response = await fetch(`${sandboxUrl}/control/twilio/keypad`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to, digits: '1' }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return response.ok;
}

async function whoHolds(
  { chronicle }: StoryOptions,
  admin: Caller,
  { id, userId }: Raised['alert'],
): Promise<string> {
  for (let tries = 0; tries * LOOK_EVERY_MS < PATIENCE_MS; tries += 1) {
    const { alerts } = await admin.call<Alerts>('GET', `/api/crisis?userId=${userId}&limit=1`);
    const [alert] = alerts.filter((each) => each.id === id);
    if (alert?.assignedCounselor != null) return alert.assignedCounselor.name;
    if (tries === 1) chronicle.say(new Date(), 'alert', 'waits for the key to be told');
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`Nobody has taken the alert ${id} in time.`);
}
