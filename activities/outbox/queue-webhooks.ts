import { setTimeout as sleep } from 'node:timers/promises';
import type { PartialModelObject } from 'objection';
import { v7 as newId } from 'uuid';
import {
  type AppointmentFacts,
  findAppointment,
  findSeatAppointment,
} from '../../db/appointments.ts';
import type { WebhookDelivery } from '../../db/models/webhook-delivery.ts';
import type { Webhook } from '../../db/models/webhook.ts';
import type { OutboxRow } from '../../db/outbox.ts';
import { insertDeliveries, webhooksFor } from '../../db/webhooks.ts';
import {
  type AppointmentStep,
  type AppointmentTexts,
  appointmentData,
} from '../../domain/appointment-events.ts';
import { ENDED_STATUSES } from '../../domain/session.ts';
import { bodyRef } from '../webhooks/seals.ts';
import { appointmentStep, appointmentTypeOf } from './appointment-step.ts';
import { appointmentTexts } from './appointment-texts.ts';
import type { OutboxConsumer, OutboxDeps } from './contract.ts';
import { asSeatChange } from './payloads.ts';

/** Whoever acts writes the reason right after the step; by then it is there. */
const REASON_WITHIN_MS = 2_000;

/** Queues what clinics' webhooks should hear of appointments. */
export const queueWebhooks: OutboxConsumer = {
  name: 'webhooks',
  topics: {
    'session.changed': ['booked', ...ENDED_STATUSES],
    'session.moved': 'all',
    'session.taken_up': 'all',
    'enrolment.changed': ['joined', ...ENDED_STATUSES],
  },
  handle: async (deps, row) => {
    const type = appointmentTypeOf(row);
    if (type === null) return;
    const { clinicId, createdAt: at } = row;
    const webhooks = await webhooksFor(deps.knex, { clinicId, type, at });
    if (webhooks.length > 0) await queue(deps, row, webhooks);
  },
};

async function queue(
  deps: OutboxDeps,
  row: OutboxRow,
  webhooks: readonly Webhook[],
): Promise<void> {
  const wantsText = webhooks.some(({ includeText }) => includeText);
  if (wantsText) await sleep(Math.max(0, row.createdAt.getTime() + REASON_WITHIN_MS - Date.now()));
  const facts = await factsOf(deps, row);
  if (facts === null) return;
  const version = Number(row.payload['version']);
  const texts = wantsText ? await appointmentTexts(deps, facts, version) : null;
  for (const client of facts.clients) {
    const step = await appointmentStep(deps.knex, row, facts, client.isAbsent);
    if (step === null) return;
    const rows = webhooks.map((webhook) =>
      deliveryOf(deps, row, facts, { webhook, step, clientId: client.id, texts }),
    );
    await insertDeliveries(deps.knex, await Promise.all(rows));
  }
}

/** A group's session has an appointment for each member, told by the steps of their seats. */
function factsOf({ knex }: OutboxDeps, row: OutboxRow): Promise<AppointmentFacts | null> {
  const seat = asSeatChange(row);
  return seat === null
    ? findAppointment(knex, String(row.payload['sessionId']), row.createdAt)
    : findSeatAppointment(knex, seat.enrolmentId);
}

interface Wanted {
  readonly webhook: Webhook;
  readonly clientId: string;
  readonly step: AppointmentStep;
  readonly texts: AppointmentTexts | null;
}

async function deliveryOf(
  { knex, cipher }: OutboxDeps,
  row: OutboxRow,
  facts: AppointmentFacts,
  { webhook, clientId, step, texts }: Wanted,
): Promise<PartialModelObject<WebhookDelivery>> {
  const id = newId();
  const { id: sessionId, therapistId, format: meetingType } = facts;
  const appointment = { id: sessionId, clientId, therapistId, meetingType };
  const body = JSON.stringify({
    type: step.type,
    timestamp: row.createdAt.toISOString(),
    // Rises with each step of an appointment: a receiver can tell what came later.
    sequence: Number(row.payload['version']),
    data: appointmentData(appointment, step, webhook.includeText ? texts : null),
  });
  return {
    id,
    webhookId: webhook.id,
    outboxId: row.id,
    sessionId,
    clientId,
    eventType: step.type,
    body: await cipher.sealField(knex, bodyRef(webhook.id, id), body),
    // What a disabled address misses is kept, to be replayed when it is well.
    ...(webhook.state === 'active' ? {} : { state: 'dead', lastError: 'disabled' }),
  };
}
