import { randomInt } from 'node:crypto';
import { createMailGateway, type MailGateway } from '../../../activities/gateways/mail.ts';
import { createTwilioGateway, type TwilioGateway } from '../../../activities/gateways/twilio.ts';
import type { ReminderInput, SessionActivities } from '../../../activities/session/contract.ts';
import { createNoticeActivities } from '../../../activities/session/notices.ts';
import {
  createReminderActivities,
  type MessagingDeps,
} from '../../../activities/session/reminders.ts';
import type { SessionRow } from '../../../db/sessions.ts';
import type { Channel } from '../../../domain/plan.ts';
import type { SessionState } from '../../../domain/session.ts';
import { reminderKey } from '../../../domain/reminders.ts';
import { type MailSandbox, startMailSandbox } from '../../../sandbox/mail/index.ts';
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  NUMBER,
  type RunningTwilio,
  startTwilio,
} from '../../sandbox/support/twilio.ts';
import { HOUR_MS, type SessionBench, type SessionWish, startSessionBench } from './bench.ts';

export const PUBLIC_URL = 'http://127.0.0.1:1';
export const ORGANIZER = 'care@clinic.example';

type Messaging = Pick<
  SessionActivities,
  'planReminders' | 'sendReminder' | 'settleReminder' | 'notify'
>;

export interface MessagingBench {
  readonly sessions: SessionBench;
  readonly twilio: RunningTwilio;
  readonly mails: MailSandbox;
  readonly sms: TwilioGateway;
  readonly mail: MailGateway;
  /** The activities as one worker has them, perhaps with gateways of its own. */
  worker(change?: Partial<MessagingDeps>): Messaging;
  /** A confirmed session of a client who can be reached; `facts` are columns of the person. */
  confirmed(facts?: object, wish?: SessionWish): Promise<Booked>;
  texts(phone: string): string[];
  close(): Promise<void>;
}

export interface Booked {
  readonly session: SessionRow;
  readonly clientId: string;
  readonly phone: string;
  readonly email: string;
}

export async function startMessaging(): Promise<MessagingBench> {
  const sessions = await startSessionBench();
  const twilio = await startTwilio();
  const mails = await startMailSandbox({ port: 0 });
  const sms = smsGateway(twilio.url);
  const mail = mailGateway(mails.port);
  return {
    sessions,
    twilio,
    mails,
    sms,
    mail,
    worker: (change = {}) => {
      const deps = {
        knex: sessions.knex,
        sms,
        mail,
        publicUrl: PUBLIC_URL,
        organizer: ORGANIZER,
        ...change,
      };
      return { ...createReminderActivities(deps), ...createNoticeActivities(deps) };
    },
    confirmed: (facts, wish) => bookConfirmed(sessions, facts ?? {}, wish ?? {}),
    texts: (phone) =>
      twilio.sandbox
        .messages()
        .filter(({ to }) => to === phone)
        .map(({ body }) => body),
    close: async () => {
      mail.close();
      await mails.close();
      await twilio.close();
      await sessions.close();
    },
  };
}

export function smsGateway(apiUrl: string, timeoutMs = 20_000): TwilioGateway {
  return createTwilioGateway({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: NUMBER,
    apiUrl,
    publicUrl: PUBLIC_URL,
    timeoutMs,
  });
}

export function mailGateway(port: number, timeoutMs = 20_000): MailGateway {
  const smtpUrl = `smtp://127.0.0.1:${String(port)}`;
  return createMailGateway({ smtpUrl, from: 'Clinic <clinic@example.test>', timeoutMs });
}

async function bookConfirmed(
  sessions: SessionBench,
  facts: object,
  wish: SessionWish,
): Promise<Booked> {
  const phone = `+1415${String(randomInt(1_000_000, 9_999_999))}`;
  const reachable = { phone, email: `${phone.slice(1)}@example.test`, ...facts };
  const clientId = await sessions.person(reachable);
  const state = {
    status: 'confirmed',
    approval: 'given',
    payment: 'captured',
    answerDueAt: null,
    paymentDueAt: null,
    ...wish.state,
  } as Partial<SessionState>;
  const session = await sessions.book({ ...wish, clientId, state });
  return { session, clientId, phone: reachable.phone, email: reachable.email };
}

/** What the workflow asks for an hour before the start. */
export function reminderOf(
  { session, clientId }: Booked,
  channel: Channel,
  scheduleVersion = 1,
): ReminderInput {
  const key = reminderKey(session.id, clientId, HOUR_MS, scheduleVersion, channel);
  const dueAt = session.starts_at.getTime() - HOUR_MS;
  const reminder = { key, dueAt, offsetMs: HOUR_MS, channel, recipientId: clientId };
  return { sessionId: session.id, scheduleVersion, reminder };
}

/** As if the earlier attempts had been made a while ago. */
export async function ageSends({ sessions }: MessagingBench, sessionId: string): Promise<void> {
  const { knex } = sessions;
  await knex('sends')
    .where({ session_id: sessionId })
    .update({ created_at: knex.raw(`created_at - interval '30 seconds'`) });
}
