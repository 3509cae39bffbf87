import { setTimeout as delay } from 'node:timers/promises';
import { WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { BARE_TASK_QUEUE, bareUpdate } from './baseline/messages.ts';
import { type BenchContext, type CpuMeters, GUARDED_INSERT, cpuMeters } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { type Rounds, alternate, percentile } from './measure.ts';
import { type Finding, type RatioFinding, compared } from './report.ts';

const BOOKINGS = 60;
/** One caller's wait is measured: what the call before has left to do must not be part of it. */
const PAUSE_MS = 120;
const SESSION_MS = 50 * 60_000;

/** A booking over HTTP against one bare Update-With-Start and one bare guarded insert. */
export async function measureBooking(context: BenchContext): Promise<Finding[]> {
  const http = openHttp(context.stack.apiUrl, 1);
  const paced = await contest(context, http, PAUSE_MS);
  const dense = await contest(context, http, 0);
  http.close();
  return [
    comparedAt(0.5, 'booking, p50', paced, { atMost: 1.3 }),
    comparedAt(0.99, 'booking, p99', paced, { atMost: 2 }),
    comparedAt(0.5, '  without a pause between bookings, p50', dense, null),
    comparedAt(0.99, '  without a pause between bookings, p99', dense, null),
  ];
}

interface Contest {
  readonly rounds: Rounds<readonly number[]>;
  readonly cpu: CpuMeters;
}

async function contest(context: BenchContext, http: HttpClient, pauseMs: number): Promise<Contest> {
  const count = Math.ceil(BOOKINGS * context.scale);
  const cpu = cpuMeters(context);
  const rounds = await alternate(context.rounds, {
    ours: () =>
      cpu.ours.around(count, async () => {
        const timesMs = await oneByOne(count, pauseMs, () => book(context, http));
        await untilQuiet(context);
        return timesMs;
      }),
    baseline: () =>
      cpu.baseline.around(count, () => oneByOne(count, pauseMs, () => bareBooking(context))),
  });
  return { rounds, cpu };
}

function comparedAt(
  q: number,
  measure: string,
  { rounds: { ours, baseline }, cpu }: Contest,
  target: RatioFinding['target'],
): Finding {
  const ratiosByRound = ours.map(
    (times, at) => percentile(times, q) / percentile(baseline[at]!, q),
  );
  const details = { samplesEach: ours.flat().length, ratiosByRound };
  return compared({
    measure,
    ours: percentile(ours.flat(), q),
    baseline: percentile(baseline.flat(), q),
    unit: 'ms',
    target,
    details,
    ...(q === 0.5 ? { cpu } : {}),
  });
}

async function oneByOne(
  count: number,
  pauseMs: number,
  work: () => Promise<void>,
): Promise<number[]> {
  const timesMs: number[] = [];
  for (let done = 0; done < count; done += 1) {
    const began = performance.now();
    await work();
    timesMs.push(performance.now() - began);
    if (pauseMs > 0) await delay(pauseMs);
  }
  return timesMs;
}

async function book({ clinic }: BenchContext, http: HttpClient): Promise<void> {
  const { therapist, client, startsAt } = clinic.nextSlot();
  const { status, text } = await http.send('POST', '/api/therapy/sessions/book', client.token, {
    therapist_id: therapist.id,
    session_type: 'individual',
    scheduled_at: new Date(startsAt).toISOString(),
    duration: 50,
    timezone: 'America/New_York',
    session_format: 'video',
    specialization: 'anxiety',
    reason_for_session: 'Work-related anxiety and stress management',
    preferred_approach: 'CBT',
    emergency_contact: { name: 'Jane Doe', phone: '+1-555-0123', relationship: 'spouse' },
  });
  if (status !== 201) throw new Error(`A booking was answered ${status}: ${text}`);
}

async function bareBooking({ bareTemporal, pool, clinic }: BenchContext): Promise<void> {
  const startWorkflowOperation = new WithStartWorkflowOperation('bareWorkflow', {
    workflowId: `bare-${newId()}`,
    taskQueue: BARE_TASK_QUEUE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    args: [],
  });
  await bareTemporal.workflow.executeUpdateWithStart(bareUpdate, { startWorkflowOperation });
  const { therapist, client, startsAt } = clinic.nextSlot();
  const during = [startsAt / 1000, (startsAt + SESSION_MS) / 1000];
  await pool.query({
    name: 'guarded-insert',
    text: GUARDED_INSERT,
    values: [newId(), [therapist.id, client.id], ...during],
  });
}

/** What bookings leave to do afterwards must not fall into the time of the other. */
async function untilQuiet({ pool, clinic }: BenchContext): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ busy: number }>(
      `SELECT count(*)::int AS busy FROM sessions WHERE clinic_id = $1 AND NOT EXISTS (
         SELECT FROM sends WHERE session_id = sessions.id AND state <> 'sending')`,
      [clinic.id],
    );
    if (rows[0]?.busy === 0) return;
    await delay(100);
  }
}
