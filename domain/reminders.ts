import type { Channel, ReminderOffset } from './plan.ts';
import { outsideQuietHours } from './quiet-hours.ts';
import type { QuietHours } from './quiet-hours.ts';
import { formatForHuman } from './time-text.ts';

export interface ReminderRecipient {
  readonly recipientId: string;
  readonly zone: string;
  /** The channels that reach the person and that they have not switched off. */
  readonly channels: readonly Channel[];
  readonly quietHours: QuietHours | null;
}

export interface ReminderPlan {
  readonly sessionId: string;
  /** The session's schedule version: a reschedule makes new keys, so old sends are void. */
  readonly version: number;
  readonly startsAt: number;
  readonly offsets: readonly ReminderOffset[];
  readonly recipients: readonly ReminderRecipient[];
  /** When the session was booked or rescheduled: offsets already past then are skipped. */
  readonly now: number;
}

export interface Reminder {
  readonly key: string;
  readonly dueAtMs: number;
  readonly offsetMs: number;
  readonly channel: Channel;
  readonly recipientId: string;
}

/**
 * The key under which a reminder is sent at most once. It names the channel as well, so a fallback
 * to a channel that had its own reminder finds it already sent.
 */
export function reminderKey(
  sessionId: string,
  recipientId: string,
  offsetMs: number,
  version: number,
  channel: Channel,
): string {
  return `reminder:${sessionId}:${recipientId}:${offsetMs}:v${version}:${channel}`;
}

/**
 * All reminders of a session in the order they are due, ties in the order of keys. Each is after
 * `now`, before the start, and outside its recipient's quiet hours; where those push two reminders
 * of a person onto one instant and channel, only the one nearest to the start is kept.
 */
export function expandReminders(plan: ReminderPlan): Reminder[] {
  const reminders = new Map<string, Reminder>();
  const offsets = [...plan.offsets].toSorted((a, b) => a.beforeStartMs - b.beforeStartMs);
  for (const offset of offsets) {
    for (const recipient of plan.recipients) {
      for (const reminder of remindersAt(plan, offset, recipient)) {
        const place = `${reminder.recipientId} ${reminder.channel} ${reminder.dueAtMs}`;
        if (!reminders.has(place)) reminders.set(place, reminder);
      }
    }
  }
  return [...reminders.values()].toSorted(
    (a, b) => a.dueAtMs - b.dueAtMs || (a.key < b.key ? -1 : Number(a.key > b.key)),
  );
}

function remindersAt(
  plan: ReminderPlan,
  { beforeStartMs, channels }: ReminderOffset,
  { recipientId, zone, channels: reachable, quietHours }: ReminderRecipient,
): Reminder[] {
  const wantedMs = plan.startsAt - beforeStartMs;
  if (beforeStartMs <= 0 || wantedMs <= plan.now) return [];
  const limits = { earliestMs: plan.now, latestMs: plan.startsAt };
  const dueAtMs = outsideQuietHours(quietHours, zone, wantedMs, limits);
  if (dueAtMs === null) return [];
  return channels
    .filter((channel) => reachable.includes(channel))
    .map((channel) => ({
      key: reminderKey(plan.sessionId, recipientId, beforeStartMs, plan.version, channel),
      dueAtMs,
      offsetMs: beforeStartMs,
      channel,
      recipientId,
    }));
}

export interface ReminderTextInput {
  readonly startsAt: number;
  /** The recipient's own zone and language, not the session's. */
  readonly zone: string;
  readonly locale: string;
  readonly link: string;
  /** Addresses of what is still to be done before the appointment; they go by e-mail alone. */
  readonly tasks?: readonly string[];
}

export interface ReminderText {
  readonly subject: string;
  readonly sms: string;
  readonly email: string;
}

/**
 * What a reminder says: a time and a link. It names no therapist, no clinic's specialty and no
 * reason, because whoever holds the phone may read it.
 */
export function reminderText({
  startsAt,
  zone,
  locale,
  link,
  tasks = [],
}: ReminderTextInput): ReminderText {
  const words = wordsFor(locale);
  const line = `${words.appointment} ${formatForHuman(startsAt, words.formatLocale(locale), zone)}.`;
  const asked = tasks.length === 0 ? '' : `\n${words.tasks}\n${tasks.join('\n')}\n`;
  return {
    subject: words.subject,
    sms: `${line} ${link} ${words.stop}`,
    email: `${line}\n\n${words.details}\n${link}\n${asked}`,
  };
}

interface Words {
  readonly subject: string;
  readonly appointment: string;
  readonly details: string;
  readonly tasks: string;
  readonly stop: string;
  readonly formatLocale: (locale: string) => string;
}

const ENGLISH: Words = {
  subject: 'Appointment reminder',
  appointment: 'You have an appointment on',
  details: 'Details and changes:',
  tasks: 'To be done before it:',
  stop: 'Reply STOP to opt out.',
  formatLocale: (locale) => (/^en\b/i.test(locale) ? locale : 'en-US'),
};

const SPANISH: Words = {
  subject: 'Recordatorio de cita',
  appointment: 'Tiene una cita el',
  details: 'Detalles y cambios:',
  tasks: 'Para completar antes:',
  stop: 'Responda STOP para no recibir más mensajes.',
  formatLocale: (locale) => locale,
};

function wordsFor(locale: string): Words {
  return /^es\b/i.test(locale) ? SPANISH : ENGLISH;
}
