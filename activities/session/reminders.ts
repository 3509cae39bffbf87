import type { Knex } from 'knex';
import { type Recipient, findRecipient, recipientsOfSession } from '../../db/recipients.ts';
import { findSend } from '../../db/sends.ts';
import { asTold, findLife, hasSeats } from '../../db/seats.ts';
import { preparationsOf } from '../../db/session-preparations.ts';
import type { SessionRow } from '../../db/sessions.ts';
import {
  type ReminderText,
  expandReminders,
  reminderKey,
  reminderText,
} from '../../domain/reminders.ts';
import { allowedFrom } from '../../domain/quiet-hours.ts';
import type { MailGateway } from '../gateways/mail.ts';
import type { TwilioGateway } from '../gateways/twilio.ts';
import type {
  PlanInput,
  PlannedReminder,
  ReminderInput,
  ReminderOutcome,
  SendState,
  SessionActivities,
} from './contract.ts';
import { sendMailOnce } from './mailing.ts';
import { askForText, sendTextOnce } from './texting.ts';

type ReminderActivities = Pick<
  SessionActivities,
  'planReminders' | 'sendReminder' | 'settleReminder'
>;

export interface MessagingDeps {
  readonly knex: Knex;
  readonly sms: TwilioGateway;
  readonly mail: MailGateway;
  /** The product's own base URL, as people see it. */
  readonly publicUrl: string;
  /** The address that the product writes from, which calendar files name as theirs. */
  readonly organizer: string;
}

/** Reminders by text and e-mail, each at most once, with e-mail as the fallback of a text. */
export function createReminderActivities(deps: MessagingDeps): ReminderActivities {
  return {
    planReminders: (input) => planReminders(deps, input),
    sendReminder: (input) => sendReminder(deps, input),
    settleReminder: async (input) => ({ state: await settleReminder(deps, input) }),
  };
}

async function planReminders(
  { knex }: MessagingDeps,
  input: PlanInput,
): Promise<PlannedReminder[]> {
  const { sessionId, scheduleVersion } = input;
  const session = await findLife(knex, input);
  if (session === null) return [];
  const recipients = await recipientsOf(knex, session);
  const reminders = expandReminders({
    sessionId,
    version: scheduleVersion,
    startsAt: session.starts_at.getTime(),
    offsets: session.plan.reminders,
    recipients: recipients.map(({ personId, ...recipient }) => ({
      ...recipient,
      recipientId: personId,
    })),
    now: Date.now(),
  });
  return reminders.map(({ key, dueAtMs, offsetMs, channel, recipientId }) => ({
    key,
    dueAt: dueAtMs,
    offsetMs,
    channel,
    recipientId,
  }));
}

/** A group's members are reminded each by their own workflow, since they come and go. */
async function recipientsOf(knex: Knex, session: SessionRow): Promise<Recipient[]> {
  if (!hasSeats(session)) return recipientsOfSession(knex, session.id);
  if (session.enrolment_id === undefined || session.client_id === null) return [];
  const member = await findRecipient(knex, session.client_id);
  return member === null ? [] : [member];
}

const SKIPPED = { state: 'skipped' } as const;

async function sendReminder(deps: MessagingDeps, input: ReminderInput): Promise<ReminderOutcome> {
  const session = await findTold(deps.knex, input);
  if (session === null || !isStillTrue(session, input.scheduleVersion)) return SKIPPED;
  const recipient = await findRecipient(deps.knex, input.reminder.recipientId);
  if (recipient === null) return SKIPPED;
  const now = Date.now();
  // By the quiet hours and the zone of this moment: both may have changed since it was planned.
  const { quietHours, zone } = recipient;
  const limits = { nowMs: now, latestMs: session.starts_at.getTime() };
  const dueAt = allowedFrom(quietHours, zone, input.reminder.dueAt, limits);
  if (dueAt === null) return SKIPPED;
  if (dueAt > now) return { state: 'postponed', dueAt };
  return { state: await sendNow(deps, input, session, recipient) };
}

async function sendNow(
  deps: MessagingDeps,
  input: ReminderInput,
  session: SessionRow,
  recipient: Recipient,
): Promise<SendState> {
  const { reminder } = input;
  const text = await textFor(deps, session, recipient);
  const { channels } = recipient;
  if (reminder.channel === 'sms' && channels.includes('sms')) {
    return sendText(deps, input, recipient, text);
  }
  // Whoever has stopped texts since they were planned is reminded by e-mail.
  if (!channels.includes('email')) return 'skipped';
  return sendMailOnce(deps, mailOf(input, recipient, text));
}

async function findTold(knex: Knex, input: ReminderInput): Promise<SessionRow | null> {
  const session = await findLife(knex, input);
  return session === null ? null : asTold(session);
}

/** Right before a send: the session still stands, at the time that this reminder speaks of. */
function isStillTrue(session: SessionRow, scheduleVersion: number): boolean {
  return (
    session.status === 'confirmed' &&
    session.schedule_version === scheduleVersion &&
    session.starts_at.getTime() > Date.now()
  );
}

async function textFor(
  deps: MessagingDeps,
  session: SessionRow,
  recipient: Recipient,
): Promise<ReminderText> {
  return reminderText({
    startsAt: session.starts_at.getTime(),
    zone: recipient.zone,
    locale: recipient.language,
    link: `${deps.publicUrl}/room/${session.id}`,
    tasks: await tasksOf(deps, session, recipient),
  });
}

/** Addresses of what the recipient has not yet read or filled in before the session. */
async function tasksOf(
  { knex, publicUrl }: MessagingDeps,
  session: SessionRow,
  { personId }: Recipient,
): Promise<string[]> {
  if ((session.plan.preparation ?? null) === null) return [];
  const sessionIds = [session.id];
  const asked = await preparationsOf(knex, { sessionIds, personId, purpose: 'preparation' });
  return asked
    .filter(({ completedAt }) => completedAt === null)
    .map(({ id, materialId }) =>
      materialId === null ? `${publicUrl}/assessments/${id}` : `${publicUrl}/materials/${id}`,
    );
}

function mailOf(input: ReminderInput, recipient: Recipient, text: ReminderText) {
  const { reminder, sessionId, scheduleVersion } = input;
  return {
    key: reminderKey(sessionId, recipient.personId, reminder.offsetMs, scheduleVersion, 'email'),
    kind: 'reminder',
    sessionId,
    scheduleVersion,
    dueAtMs: reminder.dueAt,
    recipient,
    subject: text.subject,
    text: text.email,
  };
}

function sendText(
  deps: MessagingDeps,
  input: ReminderInput,
  recipient: Recipient,
  text: ReminderText,
): Promise<SendState> {
  const { reminder, sessionId, scheduleVersion } = input;
  return sendTextOnce(deps, {
    key: reminder.key,
    kind: 'reminder',
    sessionId,
    scheduleVersion,
    dueAtMs: reminder.dueAt,
    recipient,
    body: text.sms,
  });
}

/**
 * After the receipt's time: what was not delivered goes out by e-mail, and so does what was never
 * sent or cannot be asked about, since the provider may be down until the session is over.
 */
async function settleReminder(deps: MessagingDeps, input: ReminderInput): Promise<SendState> {
  const { reminder, scheduleVersion } = input;
  const row = await findSend(deps.knex, reminder.key);
  const state = row?.state ?? 'skipped';
  if (row !== null && (state === 'delivered' || state === 'skipped')) return state;
  const session = await findTold(deps.knex, input);
  const recipient = await findRecipient(deps.knex, reminder.recipientId);
  if (session === null || recipient === null) return 'skipped';
  const text = await textFor(deps, session, recipient);
  if (row !== null && state !== 'failed') {
    if ((await askForText(deps, row, recipient, text.sms)) === 'delivered') return 'delivered';
  }
  if (!isStillTrue(session, scheduleVersion) || !recipient.channels.includes('email')) return state;
  await sendMailOnce(deps, mailOf(input, recipient, text));
  return state;
}
