import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expandReminders, reminderKey, reminderText } from '../../domain/reminders.ts';
import type { Reminder, ReminderPlan, ReminderRecipient } from '../../domain/reminders.ts';
import { quietStretchAt } from '../../domain/quiet-hours.ts';
import { HOUR_MS, zoneArbitrary, zonedInstantArbitrary } from './support/times.ts';

const channelsArbitrary = fc.uniqueArray(fc.constantFrom('sms' as const, 'email' as const));

const recipientArbitrary: fc.Arbitrary<ReminderRecipient> = fc.record({
  recipientId: fc.constantFrom('a', 'b', 'c'),
  zone: zoneArbitrary,
  channels: channelsArbitrary,
  quietHours: fc.option(fc.record({ startMinute: fc.nat(1439), endMinute: fc.nat(1439) })),
});

const planArbitrary: fc.Arbitrary<ReminderPlan> = fc
  .record({
    around: zonedInstantArbitrary,
    leadHours: fc.integer({ min: 0, max: 60 }),
    version: fc.integer({ min: 1, max: 5 }),
    offsets: fc.uniqueArray(
      fc.record({
        beforeStartMs: fc.integer({ min: -1, max: 40 }).map((hours) => hours * HOUR_MS),
        channels: channelsArbitrary,
      }),
      { selector: ({ beforeStartMs }) => beforeStartMs, maxLength: 5 },
    ),
    recipients: fc.uniqueArray(recipientArbitrary, { selector: (one) => one.recipientId }),
  })
  .map(({ around, leadHours, ...rest }) => ({
    ...rest,
    sessionId: 'session',
    now: around.instantMs,
    startsAt: around.instantMs + leadHours * HOUR_MS,
  }));

function recipientOf(plan: ReminderPlan, { recipientId }: Reminder): ReminderRecipient {
  return plan.recipients.find((one) => one.recipientId === recipientId) as ReminderRecipient;
}

describe('expanded reminders', () => {
  test('come after the booking, before the start, outside quiet hours, over open channels', () => {
    fc.assert(
      fc.property(planArbitrary, (plan) => {
        for (const reminder of expandReminders(plan)) {
          const { zone, quietHours, channels } = recipientOf(plan, reminder);
          expect(reminder.dueAtMs).toBeGreaterThan(plan.now);
          expect(reminder.dueAtMs).toBeLessThan(plan.startsAt);
          expect(plan.startsAt - reminder.offsetMs).toBeGreaterThan(plan.now);
          expect(channels).toContain(reminder.channel);
          if (quietHours === null) expect(reminder.dueAtMs).toBe(plan.startsAt - reminder.offsetMs);
          else expect(quietStretchAt(quietHours, zone, reminder.dueAtMs)).toBeNull();
        }
      }),
      { numRuns: 500 },
    );
  });

  test('never repeat a key, nor reach a person twice at once over one channel', () => {
    fc.assert(
      fc.property(planArbitrary, (plan) => {
        const reminders = expandReminders(plan);
        expect(new Set(reminders.map(({ key }) => key)).size).toBe(reminders.length);
        const places = reminders.map((one) => `${one.recipientId} ${one.channel} ${one.dueAtMs}`);
        expect(new Set(places).size).toBe(reminders.length);
        const dues = reminders.map(({ dueAtMs }) => dueAtMs);
        expect(dues).toEqual([...dues].toSorted((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  test('leave none out for people without quiet hours', () => {
    fc.assert(
      fc.property(planArbitrary, (drawn) => {
        const recipients = drawn.recipients.map((one) => ({ ...one, quietHours: null }));
        const plan = { ...drawn, recipients };
        const expected = plan.offsets
          .filter(
            ({ beforeStartMs }) => beforeStartMs > 0 && plan.startsAt - beforeStartMs > plan.now,
          )
          .flatMap(({ beforeStartMs, channels }) =>
            recipients.flatMap((one) =>
              channels
                .filter((channel) => one.channels.includes(channel))
                .map((channel) =>
                  reminderKey('session', one.recipientId, beforeStartMs, plan.version, channel),
                ),
            ),
          );
        expect(
          expandReminders(plan)
            .map(({ key }) => key)
            .toSorted(),
        ).toEqual(expected.toSorted());
      }),
    );
  });

  test('share no key with those of another version', () => {
    fc.assert(
      fc.property(planArbitrary, (plan) => {
        const old = new Set(expandReminders(plan).map(({ key }) => key));
        for (const { key } of expandReminders({ ...plan, version: plan.version + 1 })) {
          expect(old.has(key)).toBe(false);
        }
      }),
    );
  });

  test('pushed together by a night, only the nearest to the start is sent', () => {
    const startsAt = Date.parse('2024-01-25T07:30Z');
    const reminders = expandReminders({
      sessionId: 's',
      version: 1,
      startsAt,
      now: startsAt - 48 * HOUR_MS,
      offsets: [1, 2].map((hours) => ({ beforeStartMs: hours * HOUR_MS, channels: ['sms'] })),
      recipients: [
        {
          recipientId: 'r',
          zone: 'UTC',
          channels: ['sms'],
          quietHours: { startMinute: 22 * 60, endMinute: 7 * 60 },
        },
      ],
    });
    expect(reminders).toEqual([
      {
        key: `reminder:s:r:${HOUR_MS}:v1:sms`,
        dueAtMs: Date.parse('2024-01-25T07:00Z'),
        offsetMs: HOUR_MS,
        channel: 'sms',
        recipientId: 'r',
      },
    ]);
  });
});

describe('the text', () => {
  const input = {
    startsAt: Date.parse('2024-01-25T14:00:00Z'),
    zone: 'America/New_York',
    locale: 'en-US',
    link: 'https://clinic.example/s/1',
  };

  test('gives the recipient’s local time and a link, and nothing about the session', () => {
    expect(reminderText(input)).toEqual({
      subject: 'Appointment reminder',
      sms:
        'You have an appointment on Thursday, January 25, 2024 at 9:00 AM EST. ' +
        'https://clinic.example/s/1 Reply STOP to opt out.',
      email:
        'You have an appointment on Thursday, January 25, 2024 at 9:00 AM EST.\n\n' +
        'Details and changes:\nhttps://clinic.example/s/1\n',
    });
    expect(reminderText({ ...input, zone: 'Asia/Kathmandu' }).sms).toContain('7:45 PM');
  });

  test('speaks one language at a time', () => {
    expect(reminderText({ ...input, locale: 'es-MX' }).sms).toMatch(/^Tiene una cita el jueves/);
    expect(reminderText({ ...input, locale: 'fr' }).sms).toMatch(/on Thursday, January/);
    expect(reminderText({ ...input, locale: 'nonsense!' }).sms).toMatch(/on Thursday, January/);
  });
});
