import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NoticeKind } from '../../../activities/session/contract.ts';
import { formatForHuman } from '../../../domain/time-text.ts';
import type { MailRecord } from '../../../sandbox/mail/index.ts';
import { type Booked, type MessagingBench, mailGateway, startMessaging } from './messaging.ts';

let bench: MessagingBench;

beforeAll(async () => {
  bench = await startMessaging();
});
afterAll(() => bench.close());

async function notified(booked: Booked, kind: NoticeKind, version = 1): Promise<void> {
  await bench.worker().notify({ sessionId: booked.session.id, kind, version });
}

async function mailsOf({ session, email }: Booked): Promise<Record<string, MailRecord[]>> {
  const where = { id: session.therapist_id };
  const therapist = await bench.sessions.knex('people').where(where).first('email');
  return { client: bench.mails.messages(email), therapist: bench.mails.messages(therapist.email) };
}

function calendarOf(mail: MailRecord | undefined): string {
  const content = mail?.attachments.find(({ mimeType }) => mimeType === 'text/calendar');
  return Buffer.from(content?.contentBase64 ?? '', 'base64').toString();
}

function linesOf(calendar: string): string[] {
  return calendar.replaceAll(/\r?\n /g, '').split(/\r?\n/);
}

describe('notices', () => {
  test.each<[NoticeKind, number, number]>([
    ['requested', 0, 1],
    ['approved', 1, 0],
    ['confirmed', 1, 1],
    ['declined', 1, 0],
    ['expired', 1, 1],
    ['cancelled', 1, 1],
    ['rescheduled', 1, 1],
    ['reschedule_proposed', 0, 1],
    ['reschedule_refused', 1, 0],
    ['payment_lapsed', 1, 0],
    ['follow_up', 1, 0],
  ])('%s: %d to the client, %d to the therapist, however often it runs', async (kind, ...to) => {
    const booked = await bench.confirmed();
    await Promise.allSettled([notified(booked, kind), notified(booked, kind)]);
    const { client, therapist } = await mailsOf(booked);
    expect([client?.length, therapist?.length]).toEqual(to);
    for (const { subject, text } of [...client!, ...therapist!]) {
      expect(`${subject} ${text}`).not.toMatch(/quill|trauma|individual|therap|harbor/i);
    }
  });

  test('a later version is news again', async () => {
    const booked = await bench.confirmed();
    await notified(booked, 'rescheduled', 2);
    await notified(booked, 'rescheduled', 2);
    await notified(booked, 'rescheduled', 3);
    expect((await mailsOf(booked)).client).toHaveLength(2);
  });

  test('name the time by each recipient’s own clock', async () => {
    const booked = await bench.confirmed({ time_zone: 'Australia/Lord_Howe' });
    const { therapist_id: id } = booked.session;
    await bench.sessions.knex('people').where({ id }).update({ time_zone: 'America/St_Johns' });
    await notified(booked, 'confirmed');
    const { client, therapist } = await mailsOf(booked);
    const at = (zone: string): string =>
      formatForHuman(booked.session.starts_at.getTime(), 'en', zone);
    const flat = (mail: MailRecord | undefined): string => mail?.text.replaceAll('\n', ' ') ?? '';
    expect(flat(client?.[0])).toContain(at('Australia/Lord_Howe'));
    expect(flat(therapist?.[0])).toContain(at('America/St_Johns'));
  });

  test('name the time that holds, and one that is only proposed where it is proposed', async () => {
    const booked = await bench.confirmed();
    const { id, starts_at: startsAt } = booked.session;
    const proposed = new Date(startsAt.getTime() + 3 * 3_600_000);
    const end = new Date(booked.session.ends_at.getTime() + 3 * 3_600_000);
    await bench.sessions
      .knex('sessions')
      .where({ id })
      .update({ proposed_starts_at: proposed, proposed_ends_at: end });
    await notified(booked, 'confirmed');
    await notified(booked, 'reschedule_proposed', 2);
    const { client, therapist } = await mailsOf(booked);
    const timesIn = (mails: readonly MailRecord[] | undefined) =>
      (mails ?? []).map(({ text }) => /Time: (.*)/.exec(text)?.[1]);
    const texts = [startsAt, proposed].map((at) => formatForHuman(at.getTime(), 'en', 'UTC'));
    expect(timesIn(client)).toEqual([texts[0]]);
    expect(new Set(timesIn(therapist))).toEqual(new Set(texts));
  });

  test('a mail server that fails between two recipients sends no one a second copy', async () => {
    const booked = await bench.confirmed();
    let sent = 0;
    const failing = bench.worker({
      mail: {
        ...bench.mail,
        sendMail: (mail) => {
          sent += 1;
          return sent === 1 ? bench.mail.sendMail(mail) : mailGateway(1).sendMail(mail);
        },
      },
    });
    const notice = { sessionId: booked.session.id, kind: 'cancelled', version: 4 } as const;
    await expect(failing.notify(notice)).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await bench.worker().notify(notice);
    const { client, therapist } = await mailsOf(booked);
    expect([client?.length, therapist?.length]).toEqual([1, 1]);
  });

  test('of a session that is not there are none', async () => {
    const before = bench.mails.messages().length;
    const { clientId } = await bench.confirmed();
    await bench.worker().notify({ sessionId: clientId, kind: 'confirmed', version: 1 });
    expect(bench.mails.messages()).toHaveLength(before);
  });
});

describe('the calendar file', () => {
  test.each<[NoticeKind, string]>([
    ['confirmed', 'STATUS:CONFIRMED'],
    ['rescheduled', 'STATUS:CONFIRMED'],
  ])('comes with %s and says %s', async (kind, line) => {
    const booked = await bench.confirmed();
    await notified(booked, kind);
    const ics = calendarOf((await mailsOf(booked)).client?.[0]);
    expect(ics).toContain(line);
    expect(ics).toContain(`UID:${booked.session.id}@holdfast`);
    expect(ics).not.toMatch(/quill|trauma|individual|therap|harbor/i);
  });

  test.each<NoticeKind>(['cancelled', 'expired', 'declined'])(
    'with %s takes back what was sent, from each who got it',
    async (kind) => {
      const booked = await bench.confirmed();
      await notified(booked, 'confirmed', 1);
      await bench.sessions.knex('sessions').where({ id: booked.session.id }).update({ version: 5 });
      await notified(booked, kind, 5);
      const { client, therapist } = await mailsOf(booked);
      const files = client!.map(calendarOf).map(linesOf);
      const invitation = files.find((lines) => lines.includes('METHOD:REQUEST')) ?? [];
      const withdrawal = files.find((lines) => lines.includes('METHOD:CANCEL')) ?? [];
      const kept = invitation.filter((line) => /^(?:UID|DTSTART|ORGANIZER|ATTENDEE)/.test(line));
      expect(kept).toHaveLength(4);
      expect(withdrawal).toEqual(
        expect.arrayContaining([...kept, 'STATUS:CANCELLED', 'SEQUENCE:5']),
      );
      expect(withdrawal.join(' ')).toContain(booked.email);
      const toTherapist = therapist!.map(calendarOf).join(' ');
      expect(toTherapist.includes('METHOD:CANCEL')).toBe(kind !== 'declined');
    },
  );

  test.each<NoticeKind>(['requested', 'approved', 'cancelled', 'expired', 'declined', 'follow_up'])(
    'was never sent, and does not come with %s',
    async (kind) => {
      const booked = await bench.confirmed();
      await notified(booked, kind);
      const { client, therapist } = await mailsOf(booked);
      expect([...client!, ...therapist!].flatMap(({ attachments }) => attachments)).toEqual([]);
    },
  );

  test.each(['requested', 'awaiting_payment'])(
    'does not come when a session that is %s has moved',
    async (status) => {
      const booked = await bench.confirmed();
      await bench.sessions.knex('sessions').where({ id: booked.session.id }).update({ status });
      await notified(booked, 'rescheduled');
      expect((await mailsOf(booked)).client?.[0]?.attachments).toEqual([]);
    },
  );

  test('replaces its older copy', async () => {
    const booked = await bench.confirmed();
    await notified(booked, 'confirmed', 1);
    await bench.sessions.knex('sessions').where({ id: booked.session.id }).update({ version: 7 });
    await notified(booked, 'rescheduled', 7);
    const copies = (await mailsOf(booked)).client!.map(calendarOf);
    const sequences = copies.map((ics) => Number(/SEQUENCE:(\d+)/.exec(ics)?.[1]));
    expect(sequences.toSorted((a, b) => a - b)).toEqual([1, 7]);
  });
});
