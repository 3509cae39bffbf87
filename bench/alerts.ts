import { setTimeout as delay } from 'node:timers/promises';
import { WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { DEFAULT_POLICIES } from '../domain/escalation-policy.ts';
import { BARE_TASK_QUEUE, barePageUpdate } from './baseline/messages.ts';
import type { BenchClinic, BenchPerson } from './clinic.ts';
import { type BenchContext, type CpuMeters, WIDEST, cpuMeters } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { type Rounds, alternate, percentile } from './measure.ts';
import { type Finding, type RatioFinding, compared } from './report.ts';

const ALERTS = 40;
/** Before that, both sides have their code compiled and their connections open. */
const WARM_UP = 10;
/** In a flood it is the flood that is measured, and not how code is compiled. */
const WARM_BOOKINGS = 60;
const PEOPLE = { therapists: 1, clients: 50 };
/** What the alert before has left to do must not be part of the next one's time. */
const PAUSE_MS = 150;
/** A client that was sent away comes back this soon, whatever it was told. */
const IMPATIENT_MS = 20;
const PHONE = '+14155550199';
const BARE_PHONE = '+14155550198';
const PAGED_WITHIN_MS = 60_000;

/** From the report to the first text, against a bare Update-With-Start whose activity sends one. */
export async function measureAlerts(context: BenchContext): Promise<Finding[]> {
  const ward = await openWard(context);
  const count = Math.max(5, Math.ceil(ALERTS * context.scale));
  await alertsPaged(context, ward, WARM_UP);
  await bareAlerts(context, WARM_UP);
  for (let booked = 0; booked < WARM_BOOKINGS; booked += 1) await book(ward.http, ward.clinic);
  const cpu = cpuMeters(context);
  const rounds = await alternate(context.rounds, {
    ours: () => cpu.ours.around(count, () => alertsPaged(context, ward, count)),
    baseline: () => cpu.baseline.around(count, () => bareAlerts(context, count)),
  });
  const { loaded, tally } = await whileFlooded(context, ward.url, () =>
    alertsPaged(context, ward, count * context.rounds),
  );
  ward.http.close();
  const idle = rounds.ours.flat();
  return [
    against(0.5, 'alert to first page, p50', { rounds, cpu }, null),
    against(0.99, 'alert to first page, p99', { rounds, cpu }, { atMost: 1.3 }),
    underLoad(0.5, '  while bookings flood in, against idle, p50', loaded, idle, null),
    underLoad(0.99, '  while bookings flood in, against idle, p99', loaded, idle, { atMost: 2 }),
    told('  bookings meanwhile: taken, shed', describe(tally)),
  ];
}

interface Contest {
  readonly rounds: Rounds<readonly number[]>;
  readonly cpu: CpuMeters;
}

function against(
  q: number,
  measure: string,
  { rounds: { ours, baseline }, cpu }: Contest,
  target: RatioFinding['target'],
): Finding {
  const ratiosByRound = ours.map(
    (times, at) => percentile(times, q) / percentile(baseline[at]!, q),
  );
  return compared({
    measure,
    ours: percentile(ours.flat(), q),
    baseline: percentile(baseline.flat(), q),
    unit: 'ms',
    target,
    details: { samplesEach: ours.flat().length, ratiosByRound },
    ...(q === 0.5 ? { cpu } : {}),
  });
}

function underLoad(
  q: number,
  measure: string,
  loaded: readonly number[],
  idle: readonly number[],
  target: RatioFinding['target'],
): Finding {
  const [ours, baseline] = [percentile(loaded, q), percentile(idle, q)];
  return compared({ measure, ours, baseline, unit: 'ms', target });
}

/** A clinic with one person on call, who is paged by text. */
interface Ward {
  readonly clinic: BenchClinic;
  readonly onCall: BenchPerson;
  readonly http: HttpClient;
  /** Of an API that sheds bookings, which come to it as well. */
  readonly url: string;
  next: number;
}

async function openWard(context: BenchContext): Promise<Ward> {
  const { knex, stack } = context;
  const [clinic, api] = [await context.openClinic(PEOPLE), await stack.startApi()];
  const onCall = clinic.therapists[0]!;
  const phone = { phone: PHONE, phone_verified_at: new Date() };
  await knex('people').where({ id: onCall.id }).update(phone);
  const targets = [{ kind: 'person', personId: onCall.id }];
  const steps = [{ targets, channels: ['sms'], waitMs: 60_000 }];
  const policies = { critical: { ...DEFAULT_POLICIES.critical, steps, followUpAfterMs: null } };
  await knex('escalation_policies').insert({
    clinic_id: clinic.id,
    policies: JSON.stringify(policies),
    version: 1,
    updated_by: onCall.id,
  });
  return { clinic, onCall, http: openHttp(api.url, 2), url: api.url, next: 0 };
}

async function alertsPaged(context: BenchContext, ward: Ward, count: number): Promise<number[]> {
  const begun = new Map<string, number>();
  for (let done = 0; done < count; done += 1) {
    const person = ward.clinic.clients[ward.next++ % ward.clinic.clients.length]!;
    const beganMs = Date.now();
    const { status, text } = await ward.http.send('POST', '/api/crisis', person.token, {
      severity: 'critical',
      type: 'suicide-risk',
      description: 'I want to end it all tonight',
    });
    if (status !== 201) throw new Error(`A report was answered ${status}: ${text}`);
    const { id, number } = await untilPaged(context, person.id);
    begun.set(number, beganMs);
    await resolve(ward, id);
    await delay(PAUSE_MS);
  }
  return firstPages(context, PHONE, begun);
}

async function untilPaged(
  { pool }: BenchContext,
  personId: string,
): Promise<{ id: string; number: string }> {
  const lateAt = Date.now() + PAGED_WITHIN_MS;
  while (Date.now() < lateAt) {
    const { rows } = await pool.query<{ id: string; number: string }>(
      `SELECT id, number FROM crisis_alerts
       WHERE person_id = $1 AND status <> 'resolved' AND first_page_at IS NOT NULL`,
      [personId],
    );
    if (rows[0] !== undefined) return rows[0];
    await delay(10);
  }
  throw new Error('Nobody was paged for an alert');
}

async function resolve({ http, onCall }: Ward, alertId: string): Promise<void> {
  const path = `/api/v1/crisis/${alertId}/resolve`;
  const body = { outcome: 'false_alarm' };
  const { status, text } = await http.send('POST', path, onCall.token, body);
  // Under load the first of two ways may have been slower, and the second finds it over.
  if (status !== 200 && status !== 409)
    throw new Error(`A resolution was answered ${status}: ${text}`);
}

interface Text {
  readonly body: string;
  readonly createdAt: number;
}

/** When the provider took each first text, as long after its beginning, ms. */
async function firstPages(
  { stack }: BenchContext,
  to: string,
  begun: ReadonlyMap<string, number>,
): Promise<number[]> {
  const query = new URLSearchParams({ to }).toString();
  const url = `${stack.demo.sandboxUrl}/control/twilio/messages?${query}`;
  const { messages } = (await (await fetch(url)).json()) as { messages: Text[] };
  return [...begun].map(([marker, beganMs]) => {
    const texts = messages.filter(({ body }) => body.includes(marker));
    return Math.min(...texts.map(({ createdAt }) => createdAt)) - beganMs;
  });
}

async function bareAlerts(context: BenchContext, count: number): Promise<number[]> {
  const { bareTemporal, stack } = context;
  const begun = new Map<string, number>();
  for (let done = 0; done < count; done += 1) {
    const marker = newId();
    const startWorkflowOperation = new WithStartWorkflowOperation('bareAlertWorkflow', {
      workflowId: `bare-${marker}`,
      taskQueue: BARE_TASK_QUEUE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      args: [],
    });
    const body = `Holdfast: alert ${marker} needs you. Reply 123456 to take it.`;
    const statusCallback = `${stack.demo.apiUrl}/health`;
    begun.set(marker, Date.now());
    await bareTemporal.workflow.executeUpdateWithStart(barePageUpdate, {
      startWorkflowOperation,
      args: [{ to: BARE_PHONE, body, statusCallback }],
    });
    await delay(PAUSE_MS);
  }
  return firstPages(context, BARE_PHONE, begun);
}

interface Tally {
  taken: number;
  shed: number;
  other: number;
}

async function whileFlooded(
  context: BenchContext,
  url: string,
  work: () => Promise<number[]>,
): Promise<{ loaded: number[]; tally: Tally }> {
  const flood = startFlood(context, url);
  let loaded: number[] = [];
  try {
    loaded = await work();
  } finally {
    await flood.stop();
  }
  return { loaded, tally: await flood.stop() };
}

async function book(http: HttpClient, clinic: BenchClinic): Promise<number> {
  const { therapist, client, startsAt } = clinic.nextSlot();
  const { status } = await http.send('POST', '/api/therapy/sessions/book', client.token, {
    therapist_id: therapist.id,
    session_type: 'individual',
    scheduled_at: new Date(startsAt).toISOString(),
    duration: 50,
    timezone: 'America/New_York',
    session_format: 'video',
    reason_for_session: 'Work-related anxiety and stress management',
  });
  return status;
}

/** Everybody books at once and again, and whoever is sent away is back in a moment. */
function startFlood({ clinic }: BenchContext, url: string): { stop(): Promise<Tally> } {
  const http = openHttp(url, WIDEST);
  const tally: Tally = { taken: 0, shed: 0, other: 0 };
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      // A connection that was cut is one more who was sent away.
      const status = await book(http, clinic).catch(() => 0);
      tally[status === 201 ? 'taken' : status === 503 ? 'shed' : 'other'] += 1;
      if (status !== 201) await delay(IMPATIENT_MS);
    }
  };
  const lanes = Array.from({ length: WIDEST }, lane);
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(lanes);
      http.close();
      return tally;
    },
  };
}

function told(measure: string, ours: string): Finding {
  return { measure, ours, baseline: '', ratio: null, target: '', isMet: null };
}

function describe({ taken, shed, other }: Tally): string {
  return `${taken}, ${shed}${other === 0 ? '' : `, otherwise refused ${other}`}`;
}
