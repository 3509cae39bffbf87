import { setTimeout as delay } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import { workflowId } from '../../domain/ids.ts';
import { type Plan } from '../../domain/plan.ts';
import type { TestPerson } from '../support/api.ts';
import * as groups from '../support/stack-groups.ts';
import * as acts from '../support/stack-acts.ts';
import type { Booked } from '../support/stack-acts.ts';
import { steer } from '../support/stack-findings.ts';
import { QUICK_PLAN, addClient, addTherapist, setPlan } from '../support/stack-people.ts';
import type { Stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { alert, alertByHand, alertGivenBack } from './alert-lives.ts';
import { absence, vacancy } from './offer-lives.ts';
import { room } from './room-lives.ts';
import { supportSession } from './support-lives.ts';
import { transcript } from './transcript-lives.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A life that is worth keeping, from its plan to its end; resolves to the workflow's id. */
export interface Life {
  readonly plan?: Partial<Plan>;
  live(stack: Stack, people: People): Promise<string>;
}

export interface People {
  readonly client: TestPerson;
  readonly therapist: TestPerson;
  book(inMs?: number): Promise<Booked>;
}

export async function liveThrough(stack: Stack, life: Life): Promise<string> {
  await setPlan(stack.api, { ...QUICK_PLAN, ...life.plan });
  const client = await addClient(stack.api);
  const therapist = await addTherapist(stack.api);
  const book = (inMs = 48 * HOUR_MS): Promise<Booked> =>
    acts.book(stack, { client, therapist, startsAt: acts.inFuture(inMs) });
  return life.live(stack, { client, therapist, book });
}

async function ended(stack: Stack, booked: Booked): Promise<string> {
  await acts.resultOf(stack, booked);
  return workflowId('session', booked.id);
}

async function confirmed(stack: Stack, booked: Booked): Promise<void> {
  acts.ok(await acts.approve(stack, booked));
  acts.ok(await acts.pay(stack, booked));
  await acts.reaches(stack, booked, 'confirmed');
}

const ordinary: Life = {
  plan: {
    reminders: [
      { beforeStartMs: 12 * SECOND_MS, channels: ['email', 'sms'] },
      { beforeStartMs: 5 * SECOND_MS, channels: ['sms'] },
    ],
    attendanceWindowMs: 2 * SECOND_MS,
    followUp: { afterEndMs: 4 * SECOND_MS, askForRating: true, offerRebooking: true },
  },
  live: async (stack, { book }) => {
    const booked = await book(22 * SECOND_MS);
    await confirmed(stack, booked);
    return ended(stack, booked);
  },
};

const declined: Life = {
  live: async (stack, { book }) => {
    const booked = await book();
    acts.ok(await acts.pay(stack, booked));
    acts.ok(await acts.decline(stack, booked));
    return ended(stack, booked);
  },
};

const unanswered: Life = {
  plan: { approval: { by: 'therapist', ttlMs: 3 * SECOND_MS } },
  live: async (stack, { book }) => {
    const booked = await book();
    acts.ok(await acts.pay(stack, booked));
    return ended(stack, booked);
  },
};

const unpaid: Life = {
  plan: { payment: { ...QUICK_PLAN.payment, ttlMs: 3 * SECOND_MS } },
  live: async (stack, { book }) => {
    const booked = await book();
    acts.ok(await acts.approve(stack, booked));
    await acts.pay(stack, booked, 'pm_card_chargeDeclined');
    return ended(stack, booked);
  },
};

const cancelledForAFee: Life = {
  plan: { cancellation: { freeUntilBeforeStartMs: 72 * HOUR_MS, feePercent: 50 } },
  live: async (stack, { book, client }) => {
    const booked = await book();
    await confirmed(stack, booked);
    acts.ok(await acts.cancel(stack, booked, client));
    return ended(stack, booked);
  },
};

const rescheduled: Life = {
  live: async (stack, { book, client, therapist }) => {
    const booked = await book();
    await confirmed(stack, booked);
    acts.ok(await acts.move(stack, booked, client, acts.inFuture(50 * HOUR_MS)));
    acts.ok(await acts.approve(stack, booked));
    acts.ok(await acts.move(stack, booked, client, acts.inFuture(52 * HOUR_MS)));
    acts.ok(await acts.decline(stack, booked));
    await acts.moveToReminder(stack, booked);
    await delay(9 * SECOND_MS);
    acts.ok(await acts.cancel(stack, booked, therapist));
    return ended(stack, booked);
  },
};

/** Named, moved and approved at once, given to another therapist, and called off with a reason. */
const revised: Life = {
  live: async (stack, { book, client, therapist }) => {
    const next = await addTherapist(stack.api);
    const staff = await stack.api.person({ role: 'staff' });
    const { id: client_id, clinicId: clinic_id } = client;
    const pair = { id: newId(), clinic_id, client_id, therapist_id: next.id };
    await stack.api.knex('relationships').insert(pair);
    const booked = await book();
    const put = async (by: TestPerson, body: object): Promise<void> => {
      const path = `/booking/meetings/${booked.id}`;
      acts.ok(await stack.api.call('PUT', path, body, { token: by.token }));
    };
    const halfHourMs = HOUR_MS / 2;
    const later = Math.ceil((Date.now() + 60 * HOUR_MS) / halfHourMs) * halfHourMs;
    const startTime = new Date(later).toISOString();
    await put(therapist, { title: 'Named', startTime, status: 'CONFIRMED' });
    await put(staff, { therapistId: next.id });
    await put(client, { status: 'CANCELLED', reason: 'Ill' });
    return ended(stack, booked);
  },
};

const noShow: Life = {
  live: async (stack, { book }) => {
    const booked = await book(8 * SECOND_MS);
    await confirmed(stack, booked);
    await acts.reaches(stack, booked, 'in_progress');
    acts.ok(await acts.mark(stack, booked, 'absent'));
    return ended(stack, booked);
  },
};

/** The bank lets the authorisation go while the therapist thinks; the client pays once more. */
const lapsedCapture: Life = {
  live: async (stack, { book, client }) => {
    const booked = await book();
    acts.ok(await acts.pay(stack, booked));
    const { provider_ref: intent } = (await stack.api
      .knex('payments')
      .where({ session_id: booked.id })
      .first('provider_ref')) as { provider_ref: string };
    await steer(stack, `/stripe/payment_intents/${intent}/expire`);
    await until(async () => (await payment(stack, booked)) === 'due');
    acts.ok(await acts.approve(stack, booked));
    acts.ok(await acts.pay(stack, booked));
    await acts.reaches(stack, booked, 'confirmed');
    acts.ok(await acts.cancel(stack, booked, client));
    return ended(stack, booked);
  },
};

async function payment(stack: Stack, { id }: Booked): Promise<string> {
  const row: { payment: string } = await stack.api.knex('sessions').where({ id }).first('payment');
  return row.payment;
}

const savedCard: Life = {
  plan: {
    payment: {
      ...QUICK_PLAN.payment,
      timing: 'near_session',
      nearSessionMs: 2 * HOUR_MS - 8 * SECOND_MS,
    },
  },
  live: async (stack, { book, client }) => {
    const booked = await book(2 * HOUR_MS);
    await confirmed(stack, booked);
    await until(async () => (await payment(stack, booked)) === 'captured');
    acts.ok(await acts.cancel(stack, booked, client));
    return ended(stack, booked);
  },
};

/** Answered and called off in Temporal UI, where messages are sent in clear. */
const byHand: Life = {
  plan: { payment: { ...QUICK_PLAN.payment, by: 'nobody' } },
  live: async (stack, { book }) => {
    const booked = await book();
    const handle = stack.temporal.workflow.getHandle(workflowId('session', booked.id));
    await handle.signal('approve');
    await acts.reaches(stack, booked, 'confirmed');
    await handle.cancel();
    return ended(stack, booked);
  },
};

const creditPurchase: Life = {
  live: async (stack, { client }) => {
    const body = { amountCents: 20_000, cardToken: 'pm_card_visa' };
    const { token } = client;
    const bought = await stack.api.call<{ id: string }>('POST', '/api/v1/credits/purchase', body, {
      token,
    });
    acts.ok(bought);
    const { id } = (await stack.api
      .knex('credit_purchases')
      .where({ person_id: client.id })
      .first('id')) as { id: string };
    const purchase = workflowId('credit-purchase', id);
    await stack.temporal.workflow.getHandle(purchase).result();
    return purchase;
  },
};

/** The provider's word on a refund comes after the session has ended. */
const reconciliation: Life = {
  live: async (stack, { book, client }) => {
    const booked = await book();
    await confirmed(stack, booked);
    await steer(stack, '/stripe/webhooks/pause');
    acts.ok(await acts.cancel(stack, booked, client));
    await ended(stack, booked);
    await steer(stack, '/stripe/webhooks/resume');
    const { id } = (await stack.api
      .knex('payments')
      .where({ session_id: booked.id })
      .first('id')) as { id: string };
    const handle = stack.temporal.workflow.getHandle(workflowId('reconciliation', id));
    await until(() =>
      handle.describe().then(
        () => true,
        () => false,
      ),
    );
    await handle.result();
    return handle.workflowId;
  },
};

/** A calendar that can't be read, until it is revoked. */
const calendarImport: Life = {
  live: async (stack, { therapist: { token } }) => {
    const body = { kind: 'import', url: 'https://calendar.invalid/private.ics' };
    const made = await stack.api.call<{ id: string }>('POST', '/api/v1/calendar-feeds', body, {
      token,
    });
    acts.ok(made);
    const { id } = made.body;
    const feeds = stack.api.knex('calendar_feeds').where({ id });
    await until(async () => (await feeds.clone().first()).last_attempt_at !== null);
    acts.ok(await stack.api.call('DELETE', `/api/v1/calendar-feeds/${id}`, undefined, { token }));
    const handle = stack.temporal.workflow.getHandle(workflowId('calendar-import', id));
    await handle.result();
    return handle.workflowId;
  },
};

/** One run of a Schedule, as the minute brings it. */
function runOf(scheduleId: string, workflowType: string): Life {
  return {
    live: async (stack) => {
      await stack.temporal.schedule.getHandle(scheduleId).trigger();
      for (;;) {
        const query = `WorkflowType = '${workflowType}' AND ExecutionStatus = 'Completed'`;
        for await (const { workflowId: id } of stack.temporal.workflow.list({ query })) return id;
        await delay(200);
      }
    },
  };
}

const GROUP_PLAN: Partial<Plan> = {
  reminders: [{ beforeStartMs: 5 * SECOND_MS, channels: ['email'] }],
  attendanceWindowMs: 2 * SECOND_MS,
  followUp: { afterEndMs: 2 * SECOND_MS, askForRating: true, offerRebooking: true },
};

/** A member joins, pays, is reminded, comes, and is asked afterwards how it was. */
const member: Life = {
  plan: GROUP_PLAN,
  live: async (stack, { client, therapist }) => {
    const groupId = await groups.makeGroup(stack, therapist);
    const id = await groups.planSession(stack, therapist, groupId, 20 * SECOND_MS);
    acts.ok(await groups.join(stack, client, groupId, id));
    acts.ok(await acts.pay(stack, { id, client, therapist }));
    return groups.seatEnds(stack, id, client);
  },
};

const memberWhoLeft: Life = {
  live: async (stack, { client, therapist }) => {
    const groupId = await groups.makeGroup(stack, therapist);
    const id = await groups.planSession(stack, therapist, groupId, MINUTE_MS);
    acts.ok(await groups.join(stack, client, groupId, id));
    acts.ok(await acts.pay(stack, { id, client, therapist }));
    acts.ok(await groups.leave(stack, client, groupId, id));
    return groups.seatEnds(stack, id, client);
  },
};

const memberCalledOff: Life = {
  live: async (stack, { client, therapist }) => {
    const groupId = await groups.makeGroup(stack, therapist);
    const id = await groups.planSession(stack, therapist, groupId, 48 * HOUR_MS);
    acts.ok(await groups.join(stack, client, groupId, id));
    acts.ok(await acts.pay(stack, { id, client, therapist }));
    acts.ok(await acts.cancel(stack, { id, client, therapist }, therapist));
    return groups.seatEnds(stack, id, client);
  },
};

/** A group's session for which too few have come forward. */
const tooFew: Life = {
  live: async (stack, { client, therapist }) => {
    const groupId = await groups.makeGroup(stack, therapist, { minMembers: 2 });
    const id = await groups.planSession(stack, therapist, groupId, 20 * SECOND_MS);
    acts.ok(await groups.join(stack, client, groupId, id));
    await acts.resultOf(stack, { id });
    return workflowId('session', id);
  },
};

export const LIVES: Readonly<Record<string, Life>> = {
  ordinary,
  declined,
  unanswered,
  unpaid,
  'cancelled-for-a-fee': cancelledForAFee,
  rescheduled,
  revised,
  'no-show': noShow,
  'lapsed-capture': lapsedCapture,
  'saved-card': savedCard,
  'by-hand': byHand,
  'credit-purchase': creditPurchase,
  reconciliation,
  'calendar-import': calendarImport,
  sweep: runOf('sweep', 'sweepWorkflow'),
  'start-ahead': runOf('start-ahead', 'startAheadWorkflow'),
  member,
  'member-who-left': memberWhoLeft,
  'member-called-off': memberCalledOff,
  'too-few': tooFew,
  vacancy,
  'support-session': supportSession,
  room,
  transcript,
  absence,
  alert,
  'alert-by-hand': alertByHand,
  'alert-given-back': alertGivenBack,
};
