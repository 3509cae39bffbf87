import type { Client } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { startSession } from '../activities/session/starting.ts';
import { insertBooking } from '../db/bookings.ts';
import { createPayment } from '../db/payments.ts';
import { findSession } from '../db/sessions.ts';
import { inTransaction, untilWon } from '../db/transaction.ts';
import { workflowId } from '../domain/ids.ts';
import { DEFAULT_PLAN, type Plan } from '../domain/plan.ts';
import * as session from '../workflows/messages/session.ts';
import * as bare from './baseline/messages.ts';
import { type BenchContext, cpuMeters } from './context.ts';
import { alternate, median } from './measure.ts';
import type { CpuMeter } from './cpu.ts';
import { type Finding, bounded, compared } from './report.ts';
import { type Shape, shapeOf } from './history.ts';
import { bookingOf } from './new-booking.ts';

/** So many are being booked, approved and paid at once; the others wait for their timers. */
const WIDTH = 8;
/** For so long lives begin; they are counted from the first that ends, when as many end as begin. */
const BEGIN_MS = 18_000;
const LEAD_MS = 4_000;
const LENGTH_MS = 300;
const RECEIPT_MS = 200;
const FOLLOW_UP_MS = 300;

/** The ordinary plan with the days and hours taken out of it. */
const BRIEF_PLAN: Plan = {
  ...DEFAULT_PLAN,
  payment: { ...DEFAULT_PLAN.payment, dueBeforeStartMs: 0 },
  reminders: [
    { beforeStartMs: 1_500, channels: ['email', 'sms'] },
    { beforeStartMs: 700, channels: ['sms'] },
  ],
  receiptWindowMs: RECEIPT_MS,
  room: null,
  attendanceWindowMs: 0,
  followUp: { afterEndMs: FOLLOW_UP_MS, askForRating: true, offerRebooking: true },
  buffers: { beforeMs: 0, afterMs: 0 },
  minimumNoticeMs: 0,
  limits: { maxOpenPerClient: 10_000, maxPerClientPerDay: 10_000 },
};

const BARE_TIMES = {
  answerMs: LEAD_MS,
  paymentMs: LEAD_MS,
  startMs: LEAD_MS,
  endMs: LEAD_MS + LENGTH_MS,
  followUpMs: LEAD_MS + LENGTH_MS + FOLLOW_UP_MS,
  reminders: [
    { beforeMs: 1_500, hasReceipt: false },
    { beforeMs: 1_500, hasReceipt: true },
    { beforeMs: 700, hasReceipt: true },
  ],
  receiptMs: RECEIPT_MS,
} as const satisfies Partial<bare.BareTimes>;

/** Sessions carried through their whole life against a workflow of the same shape that does nothing. */
export async function measureLives(context: BenchContext): Promise<Finding[]> {
  const own = await soleLife(context, await beginLife(context));
  // The provider's webhooks come or are late: the bare life reads as much news as this one did.
  const without = await soleLife(context, await beginBareLife(context.bareTemporal, 0));
  const news = Math.max(0, own.activities - without.activities);
  const plain = await soleLife(context, await beginBareLife(context.bareTemporal, news));
  const beginMs = Math.max(2 * LEAD_MS, BEGIN_MS * context.scale);
  const cpu = cpuMeters(context);
  const { ours, baseline } = await alternate(context.rounds, {
    ours: () => steadily(beginMs, cpu.ours, () => beginLife(context)),
    baseline: () =>
      steadily(beginMs, cpu.baseline, () => beginBareLife(context.bareTemporal, news)),
  });
  return [
    compared({
      measure: 'whole lives of sessions',
      ours: median(ours),
      baseline: median(baseline),
      unit: '/s',
      target: { atLeast: 0.6 },
      details: { perSecond: ours, baselinePerSecond: baseline, shapes: { own, plain } },
      cpu,
    }),
    {
      measure: '  activities, local ones, timers, updates of each',
      ours: show(own),
      baseline: show(plain),
      ratio: null,
      target: '',
      isMet: null,
    },
    bounded('events of an ordinary session', String(own.events), '<= 250', own.events <= 250),
    bounded(
      'bytes of history of an ordinary session',
      `${(own.bytes / 1024).toFixed(1)} KB`,
      '<= 256 KB',
      own.bytes <= 256 * 1024,
    ),
  ];
}

function show({ activities, localActivities, timers, updates }: Shape): string {
  return [activities, localActivities, timers, updates].join(', ');
}

/** One alone on the idle machine, for what its history looks like. */
async function soleLife({ temporal }: BenchContext, life: Life): Promise<Shape> {
  await life.over;
  return shapeOf(temporal, life.workflowId);
}

interface Life {
  readonly workflowId: string;
  readonly over: Promise<void>;
}

/** How many a second end while others begin. */
async function steadily(
  beginMs: number,
  cpu: CpuMeter,
  begin: () => Promise<Life>,
): Promise<number> {
  const began = performance.now();
  const ends: number[] = [];
  const over: Promise<void>[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() - began < beginMs) {
      const life = await begin();
      over.push(life.over.then(() => void ends.push(performance.now() - began)));
    }
  };
  await cpu.around(
    () => ends.length,
    async () => {
      await Promise.all(Array.from({ length: WIDTH }, lane));
      await Promise.all(over);
    },
  );
  const firstMs = Math.min(...ends);
  const meanwhile = ends.filter((end) => end > firstMs && end <= beginMs);
  return (meanwhile.length / (beginMs - firstMs)) * 1000;
}

/** Booked, approved and paid; the rest goes by itself. */
async function beginLife({ knex, clinic, temporal }: BenchContext): Promise<Life> {
  const { therapist, client } = clinic.nextSlot();
  const startsAt = Date.now() + LEAD_MS;
  const booking = bookingOf(clinic.id, {
    therapist,
    clientId: client.id,
    startsAt,
    lengthMs: LENGTH_MS,
    plan: BRIEF_PLAN,
  });
  const actor = { id: client.id, role: 'patient', clinicId: clinic.id };
  const context = { actor, requestId: null };
  const outcome = await untilWon(() => insertBooking(knex, booking));
  if (outcome !== 'booked') throw new Error(`A session could not be booked: ${outcome}`);
  await startSession(temporal, (await findSession(knex, booking.id))!);
  const handle = temporal.workflow.getHandle(workflowId('session', booking.id));
  const asTherapist = { personId: therapist.id, party: 'therapist' as const };
  await handle.executeUpdate(session.approveUpdate, { args: [{ actor: asTherapist }] });
  const paymentId = newId();
  await inTransaction(knex, context, (trx) =>
    createPayment(trx, {
      id: paymentId,
      sessionId: booking.id,
      personId: client.id,
      method: 'card',
      amountCents: booking.dueCents,
      currency: booking.currency,
      cardToken: 'pm_card_visa',
    }),
  );
  const asClient = { personId: client.id, party: 'client' as const };
  await handle.executeUpdate(session.payUpdate, { args: [{ actor: asClient, paymentId }] });
  return { workflowId: handle.workflowId, over: completed(handle.result()) };
}

async function completed(result: Promise<unknown>): Promise<void> {
  const { status } = (await result) as session.SessionResult;
  if (status !== 'completed') throw new Error(`A session ended as ${status}.`);
}

async function beginBareLife(temporal: Client, news: number): Promise<Life> {
  const handle = await temporal.workflow.start('bareLifeWorkflow', {
    workflowId: `bare-life-${newId()}`,
    taskQueue: bare.BARE_TASK_QUEUE,
    args: [{ ...BARE_TIMES, news } satisfies bare.BareTimes],
  });
  await handle.executeUpdate(bare.approveUpdate);
  await handle.executeUpdate(bare.payUpdate);
  return { workflowId: handle.workflowId, over: handle.result().then(() => undefined) };
}
