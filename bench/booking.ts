import { setTimeout as delay } from 'node:timers/promises';
import { WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { BARE_TASK_QUEUE, bareUpdate } from './baseline/messages.ts';
import { type BenchContext, GUARDED_INSERT, cpuMeters } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { alternate, inParallel, median, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';

const BOOKINGS = 100;
const SESSION_MS = 50 * 60_000;

/** A booking over HTTP against one bare Update-With-Start and one bare guarded insert. */
export async function measureBooking(context: BenchContext): Promise<Finding[]> {
  const http = openHttp(context.stack.apiUrl, 1);
  const count = Math.ceil(BOOKINGS * context.scale);
  const cpu = cpuMeters(context);
  const { ours, baseline } = await alternate(context.rounds, {
    ours: () => {
      return cpu.ours.around(count, async () => {
        const timesMs = await inParallel(count, 1, () => book(context, http));
        await untilQuiet(context);
        return timesMs;
      });
    },
    baseline: () =>
      cpu.baseline.around(count, () => inParallel(count, 1, () => bareBooking(context))),
  });
  http.close();
  const [all, bare] = [ours.flat(), baseline.flat()];
  const details = {
    samplesEach: all.length,
    p50ByRound: ours.map((times, round) => median(times) / median(baseline[round]!)),
  };
  return [
    compared({
      measure: 'booking, p50',
      ours: median(all),
      baseline: median(bare),
      unit: 'ms',
      target: { atMost: 1.3 },
      details,
      cpu,
    }),
    compared({
      measure: 'booking, p99',
      ours: percentile(all, 0.99),
      baseline: percentile(bare, 0.99),
      unit: 'ms',
      target: { atMost: 2 },
    }),
  ];
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
