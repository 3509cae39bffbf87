import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ReminderOutcome, SendState } from '../../../activities/session/contract.ts';
import { savePreferences } from '../../../db/preferences.ts';
import { optOut, takeReceipt } from '../../../db/send-receipts.ts';
import { findSend } from '../../../db/sends.ts';
import { formatForHuman } from '../../../domain/time-text.ts';
import { until } from '../../support/until.ts';
import { HOUR_MS } from './bench.ts';
import {
  type Booked,
  type MessagingBench,
  PUBLIC_URL,
  ageSends,
  mailGateway,
  reminderOf,
  smsGateway,
  startMessaging,
} from './messaging.ts';

const UNAVAILABLE = { code: 'dependency_unavailable' };
let bench: MessagingBench;

beforeAll(async () => {
  bench = await startMessaging();
});
afterAll(() => bench.close());
afterEach(() => {
  bench.twilio.sandbox.faults.clear();
  bench.mails.faults.clear();
});

type Outcome = ReminderOutcome['state'];

function sendAtOnce(booked: Booked, channel: 'sms' | 'email', count = 6): Promise<Outcome[]> {
  const attempts = Array.from({ length: count }, () =>
    bench
      .worker()
      .sendReminder(reminderOf(booked, channel))
      .then(
        ({ state }) => state,
        () => 'sending' as const,
      ),
  );
  return Promise.all(attempts);
}

async function stateOfText(booked: Booked): Promise<string | undefined> {
  const { reminder } = reminderOf(booked, 'sms');
  return (await findSend(bench.sessions.knex, reminder.key))?.state;
}

async function settledTimes(booked: Booked, times = 2): Promise<SendState[]> {
  const states: SendState[] = [];
  for (let time = 0; time < times; time += 1) {
    states.push((await bench.worker().settleReminder(reminderOf(booked, 'sms'))).state);
  }
  return states;
}

describe('a text is sent at most once', () => {
  test('by many workers at once', async () => {
    const booked = await bench.confirmed();
    await sendAtOnce(booked, 'sms');
    const again = await bench.worker().sendReminder(reminderOf(booked, 'sms'));
    expect(['sent', 'delivered']).toContain(again.state);
    expect(bench.texts(booked.phone)).toHaveLength(1);
  });

  test('when a worker died after sending and before writing it down', async () => {
    const booked = await bench.confirmed();
    const dying = bench.worker({
      sms: {
        ...bench.sms,
        sendSms: async (sms) => {
          await bench.sms.sendSms(sms);
          throw new Error('killed');
        },
      },
    });
    await expect(dying.sendReminder(reminderOf(booked, 'sms'))).rejects.toThrow('killed');
    expect(await stateOfText(booked)).toBe('sending');
    await ageSends(bench, booked.session.id);
    const found = await bench.worker().sendReminder(reminderOf(booked, 'sms'));
    expect(['sent', 'delivered']).toContain(found.state);
    expect(bench.texts(booked.phone)).toHaveLength(1);
  });

  test('when a worker died before sending: the list must be old enough, and one attempt wins', async () => {
    const booked = await bench.confirmed();
    const dying = bench.worker({
      sms: { ...bench.sms, sendSms: () => Promise.reject(new Error('killed')) },
    });
    await expect(dying.sendReminder(reminderOf(booked, 'sms'))).rejects.toThrow('killed');
    const tooEarly = bench.worker().sendReminder(reminderOf(booked, 'sms'));
    await expect(tooEarly).rejects.toMatchObject(UNAVAILABLE);
    expect(bench.texts(booked.phone)).toEqual([]);
    await ageSends(bench, booked.session.id);
    const states = await sendAtOnce(booked, 'sms');
    expect(states).toContain('sent');
    expect(bench.texts(booked.phone)).toHaveLength(1);
  });

  test('when the answer never came: it is ambiguous until the list is asked', async () => {
    const booked = await bench.confirmed();
    bench.twilio.sandbox.faults.add('timeout_after', { to: booked.phone });
    const impatient = bench.worker({ sms: smsGateway(bench.twilio.url, 2_000) });
    expect(await impatient.sendReminder(reminderOf(booked, 'sms'))).toEqual({ state: 'ambiguous' });
    expect(await sendAtOnce(booked, 'sms', 3)).toEqual(['ambiguous', 'ambiguous', 'ambiguous']);
    expect(bench.texts(booked.phone)).toHaveLength(1);
    await until(() => isDelivered(booked.phone));
    expect(await settledTimes(booked)).toEqual(['delivered', 'delivered']);
    expect(bench.mails.messages(booked.email)).toEqual([]);
  });

  test('when it is unknown whether it was ever taken: e-mail instead, once', async () => {
    const booked = await bench.confirmed();
    bench.twilio.sandbox.faults.add('drop_before', { to: booked.phone });
    await bench.worker().sendReminder(reminderOf(booked, 'sms'));
    expect(await settledTimes(booked)).toEqual(['ambiguous', 'ambiguous']);
    expect(bench.texts(booked.phone)).toEqual([]);
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
  });

  test('a receipt that was faster than the answer stands', async () => {
    const booked = await bench.confirmed();
    const { key } = reminderOf(booked, 'sms').reminder;
    const quick = bench.worker({
      sms: {
        ...bench.sms,
        sendSms: async (sms) => {
          const delivery = await bench.sms.sendSms(sms);
          const providerRef = delivery.kind === 'accepted' ? delivery.id : '';
          const receipt = { key, providerRef, state: 'delivered', code: null } as const;
          await takeReceipt(bench.sessions.knex, receipt);
          return delivery;
        },
      },
    });
    await quick.sendReminder(reminderOf(booked, 'sms'));
    expect(await stateOfText(booked)).toBe('delivered');
  });

  function isDelivered(phone: string): boolean {
    return bench.twilio.sandbox
      .messages()
      .some(({ to, status }) => to === phone && status === 'delivered');
  }
});

describe('a provider that is down', () => {
  test('gives the right to send back, so that the text goes out later', async () => {
    const booked = await bench.confirmed();
    const cutOff = bench.worker({ sms: smsGateway('http://127.0.0.1:1') });
    await expect(cutOff.sendReminder(reminderOf(booked, 'sms'))).rejects.toMatchObject(UNAVAILABLE);
    expect(await stateOfText(booked)).toBeUndefined();
    expect(await bench.worker().sendReminder(reminderOf(booked, 'sms'))).toEqual({ state: 'sent' });
    expect(bench.texts(booked.phone)).toHaveLength(1);
  });

  test('leaves the reminder to e-mail when its time is up', async () => {
    const [unsent, unasked] = [await bench.confirmed(), await bench.confirmed()];
    const cutOff = bench.worker({ sms: smsGateway('http://127.0.0.1:1') });
    await bench.worker().sendReminder(reminderOf(unasked, 'sms'));
    for (const booked of [unsent, unasked]) {
      await cutOff.settleReminder(reminderOf(booked, 'sms'));
      await cutOff.settleReminder(reminderOf(booked, 'sms'));
      expect(bench.mails.messages(booked.email)).toHaveLength(1);
    }
  });

  test('a mail goes out when its server is back', async () => {
    const booked = await bench.confirmed();
    const cutOff = bench.worker({ mail: mailGateway(1) });
    const sending = cutOff.sendReminder(reminderOf(booked, 'email'));
    await expect(sending).rejects.toMatchObject(UNAVAILABLE);
    expect(await bench.worker().sendReminder(reminderOf(booked, 'email'))).toEqual({
      state: 'sent',
    });
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
  });
});

describe('a mail', () => {
  test('is sent once by many workers at once', async () => {
    const booked = await bench.confirmed();
    expect(await sendAtOnce(booked, 'email')).toContain('sent');
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
  });

  test('whose answer was lost is sent again under the same Message-ID, but not at once', async () => {
    const booked = await bench.confirmed();
    bench.mails.faults.add('drop_after', { to: booked.email });
    const input = reminderOf(booked, 'email');
    await expect(bench.worker().sendReminder(input)).rejects.toMatchObject(UNAVAILABLE);
    await expect(bench.worker().sendReminder(input)).rejects.toMatchObject(UNAVAILABLE);
    await ageSends(bench, booked.session.id);
    await sendAtOnce(booked, 'email');
    const ids = bench.mails.messages(booked.email).map(({ messageId }) => messageId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test('that is refused is not tried again', async () => {
    const booked = await bench.confirmed();
    bench.mails.faults.add('reject', { to: booked.email });
    const states = [await sendAtOnce(booked, 'email', 1), await sendAtOnce(booked, 'email', 1)];
    expect(states).toEqual([['failed'], ['failed']]);
    expect(bench.mails.messages(booked.email)).toEqual([]);
  });
});

describe('people who want or can get no texts', () => {
  test.each([
    ['have stopped them at the provider', '+15005550004', 'opted_out'],
    ['have a number that is none', '+15005550001', 'bad_number'],
  ])('%s: refused once, then e-mail once', async (_why, phone, reason) => {
    const booked = await bench.confirmed({ phone, email: `${phone.slice(1)}@example.test` });
    expect(await sendAtOnce(booked, 'sms', 1)).toEqual(['failed']);
    expect(await settledTimes(booked)).toEqual(['failed', 'failed']);
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
    const { key } = reminderOf(booked, 'sms').reminder;
    expect(await bench.sessions.knex('sends').where({ key }).first()).toMatchObject({ reason });
  });

  test('stopped them here after they were planned: no text is tried, e-mail goes out once', async () => {
    const booked = await bench.confirmed();
    await optOut(bench.sessions.knex, booked.phone);
    const mute = bench.worker({
      sms: { ...bench.sms, sendSms: () => Promise.reject(new Error('a text after STOP')) },
    });
    expect(await mute.sendReminder(reminderOf(booked, 'sms'))).toEqual({ state: 'sent' });
    await settledTimes(booked);
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
  });

  test.each([
    ['are over before the session: it goes out then', 3 * HOUR_MS, true],
    ['last until the session: nothing goes out', HOUR_MS / 2, false],
  ])('made quiet hours after it was planned, which %s', async (_what, startsInMs, goesOut) => {
    const startsAt = Date.now() + startsInMs;
    const booked = await bench.confirmed({ time_zone: 'UTC' }, { startsAt });
    const minute = Math.floor((Date.now() / 60_000) % 1440);
    const quietHours = { startMinute: (minute + 1400) % 1440, endMinute: (minute + 60) % 1440 };
    const wishes = { sms: true, email: true, push: true, quietHours };
    await bench.sessions.knex.transaction((trx) => savePreferences(trx, booked.clientId, wishes));
    const dueAt = (Math.floor(Date.now() / 60_000) + 60) * 60_000;
    for (const channel of ['sms', 'email'] as const) {
      const outcome = await bench.worker().sendReminder(reminderOf(booked, channel));
      expect(outcome).toEqual(
        goesOut ? { state: 'postponed', dueAt: expect.any(Number) } : { state: 'skipped' },
      );
      // The minute may have turned meanwhile.
      if ('dueAt' in outcome) expect(dueAt - outcome.dueAt).toBeLessThanOrEqual(60_000);
    }
    expect([bench.texts(booked.phone), bench.mails.messages(booked.email)]).toEqual([[], []]);
  });

  test('quiet hours until the session, before which it was due: it goes out late', async () => {
    const booked = await bench.confirmed(
      { time_zone: 'UTC' },
      { startsAt: Date.now() + HOUR_MS / 2 },
    );
    const minute = Math.floor((Date.now() / 60_000) % 1440);
    const quietHours = { startMinute: (minute + 1439) % 1440, endMinute: (minute + 60) % 1440 };
    const wishes = { sms: true, email: true, push: true, quietHours };
    await bench.sessions.knex.transaction((trx) => savePreferences(trx, booked.clientId, wishes));
    const input = reminderOf(booked, 'sms');
    const late = { ...input.reminder, dueAt: Date.now() - 5 * 60_000 };
    const { state } = await bench.worker().sendReminder({ ...input, reminder: late });
    expect(['sent', 'delivered']).toContain(state);
    expect(bench.texts(booked.phone)).toHaveLength(1);
  });

  test('switched both channels off: nothing goes out', async () => {
    const booked = await bench.confirmed();
    const wishes = { sms: false, email: false, push: false, quietHours: null };
    await bench.sessions.knex.transaction((trx) => savePreferences(trx, booked.clientId, wishes));
    expect(await sendAtOnce(booked, 'sms', 1)).toEqual(['skipped']);
    expect(await sendAtOnce(booked, 'email', 1)).toEqual(['skipped']);
    await settledTimes(booked);
    expect([bench.texts(booked.phone), bench.mails.messages(booked.email)]).toEqual([[], []]);
  });
});

describe('a text that did not arrive', () => {
  test.each([
    ['a phone that is switched off', '+15005550110', 'failed'],
    ['no receipt at all', '+15005550113', 'sent'],
  ])('%s: e-mail, once, however many look', async (_why, phone, state) => {
    const booked = await bench.confirmed({ phone, email: `${phone.slice(1)}@example.test` });
    await sendAtOnce(booked, 'sms', 1);
    const { sandbox } = bench.twilio;
    const final = state === 'sent' ? 'sent' : 'undelivered';
    await until(() => sandbox.messages().some((one) => one.to === phone && one.status === final));
    const looks = [1, 2, 3].map(() => bench.worker().settleReminder(reminderOf(booked, 'sms')));
    await Promise.allSettled(looks);
    expect(await settledTimes(booked)).toEqual([state, state]);
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
  });

  test('is no second e-mail where the same reminder went out by e-mail anyway', async () => {
    const booked = await bench.confirmed();
    bench.twilio.sandbox.faults.add('error_500', { to: booked.phone });
    await sendAtOnce(booked, 'email', 1);
    await sendAtOnce(booked, 'sms', 1);
    await settledTimes(booked);
    expect(bench.mails.messages(booked.email)).toHaveLength(1);
  });
});

describe('right before a send', () => {
  const past = Date.now() - HOUR_MS;
  test.each([
    ['cancelled', { status: 'cancelled' }],
    ['waiting for money again', { status: 'awaiting_payment' }],
    ['moved to another time', { schedule_version: 2 }],
    ['under way', { starts_at: new Date(past) }],
    ['over', { status: 'completed' }],
  ])('a session that is %s is not spoken of', async (_what, change) => {
    const booked = await bench.confirmed();
    await bench.sessions.knex('sessions').where({ id: booked.session.id }).update(change);
    expect(await sendAtOnce(booked, 'sms', 1)).toEqual(['skipped']);
    expect(await sendAtOnce(booked, 'email', 1)).toEqual(['skipped']);
    await settledTimes(booked);
    expect([bench.texts(booked.phone), bench.mails.messages(booked.email)]).toEqual([[], []]);
  });

  test('a session that was cancelled while its receipt was awaited gets no fallback', async () => {
    const booked = await bench.confirmed();
    bench.twilio.sandbox.faults.add('drop_before', { to: booked.phone });
    await sendAtOnce(booked, 'sms', 1);
    const { id } = booked.session;
    await bench.sessions.knex('sessions').where({ id }).update({ status: 'cancelled' });
    await settledTimes(booked);
    expect(bench.mails.messages(booked.email)).toEqual([]);
  });
});

describe('what reminders say', () => {
  test.each([
    ['es', 'America/Bogota', /^Tiene una cita el/],
    ['en', 'Asia/Kolkata', /^You have an appointment on/],
  ])('%s, %s: the person’s own words and clock', async (language, zone, opening) => {
    const booked = await bench.confirmed({ language, time_zone: zone });
    await sendAtOnce(booked, 'sms', 1);
    await sendAtOnce(booked, 'email', 1);
    const locale = language === 'en' ? 'en' : 'es';
    const time = formatForHuman(booked.session.starts_at.getTime(), locale, zone);
    const [text] = bench.texts(booked.phone);
    const [mail] = bench.mails.messages(booked.email);
    for (const body of [text, mail?.text]) {
      expect(body).toMatch(opening);
      expect(body?.replaceAll('\n', ' ')).toContain(time);
      expect(body).toContain(`${PUBLIC_URL}/room/${booked.session.id}`);
    }
    for (const told of [text, mail?.text, mail?.subject]) {
      expect(told).not.toMatch(/quill|trauma|individual|therap|harbor/i);
    }
  });

  test('quiet hours are the person’s own', async () => {
    // 23:30 UTC is 08:30 in Tokyo.
    const startsAt = Math.ceil(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS + 71.5 * HOUR_MS;
    const booked = await bench.confirmed({ time_zone: 'Asia/Tokyo' }, { startsAt });
    const quietHours = { startMinute: 22 * 60, endMinute: 8 * 60 };
    const wishes = { sms: true, email: false, push: false, quietHours };
    await bench.sessions.knex.transaction((trx) => savePreferences(trx, booked.clientId, wishes));
    const question = { sessionId: booked.session.id, scheduleVersion: 1 };
    const planned = await bench.worker().planReminders(question);
    expect(planned.map(({ channel, dueAt }) => [channel, startsAt - dueAt])).toEqual([
      ['sms', 24 * HOUR_MS],
      ['sms', HOUR_MS / 2],
    ]);
  });

  test('whoever is not expected any more is not reminded', async () => {
    const booked = await bench.confirmed();
    const question = { sessionId: booked.session.id, scheduleVersion: 1 };
    expect(await bench.worker().planReminders(question)).toHaveLength(3);
    const mine = { session_id: booked.session.id };
    await bench.sessions.knex('enrolments').where(mine).update({ state: 'cancelled' });
    expect(await bench.worker().planReminders(question)).toEqual([]);
  });
});
