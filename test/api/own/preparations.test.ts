import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { preparations } from '../../../activities/outbox/preparing.ts';
import { createNoticeActivities } from '../../../activities/session/notices.ts';
import { createReminderActivities } from '../../../activities/session/reminders.ts';
import type { OutboxRow } from '../../../db/outbox.ts';
import { DEFAULT_PLAN, type Plan } from '../../../domain/plan.ts';
import { startTestApi } from '../../support/api.ts';
import type { SentMail, TestApi, TestPerson } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';
import { answerAll, startScreening } from '../support/answering.ts';

let api: TestApi;
let client: TestPerson;
let therapist: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  [client, therapist] = [await api.person(), await api.person({ isTherapist: true })];
});

const HOUR_MS = 3_600_000;

async function confirmedSession(plan: Plan, startsAt = Date.now() + 72 * HOUR_MS): Promise<string> {
  const row = sessionRow(
    { clinicId: api.clinicId, therapistId: therapist.id, clientId: client.id },
    {
      starts_at: new Date(startsAt),
      ends_at: new Date(startsAt + HOUR_MS),
      payment: 'captured',
      plan: JSON.stringify(plan),
      workflow_started_at: new Date(),
    },
  );
  const { id } = row;
  await api.knex('sessions').insert(row);
  const payload = { sessionId: id, status: 'confirmed', event: 'paid', version: 1 };
  const news = { topic: 'session.changed', payload } as unknown as OutboxRow;
  // At least once: the second time changes nothing.
  await preparations.handle({ ...api.deps, knex: api.knex }, news);
  await preparations.handle({ ...api.deps, knex: api.knex }, news);
  return id;
}

interface Shown {
  readonly preparation_materials: readonly {
    readonly type: string;
    readonly title: string;
    readonly url: string;
    readonly due_date: string;
    readonly completed: boolean;
  }[];
  readonly preparation_completed: boolean;
}

async function session(id: string, by: TestPerson = client): Promise<Shown> {
  const path = `/api/therapy/sessions/${id}`;
  return (await api.call<{ data: Shown }>('GET', path, undefined, { token: by.token })).body.data;
}

async function material(): Promise<string> {
  const body = { type: 'worksheet', title: 'Coping', content: 'Breathe in.' };
  const made = await api.call('POST', '/api/v1/materials', body, { token: therapist.token });
  expect(made.status).toBe(201);
  return made.body['id'] as string;
}

async function screen(type: string, values: readonly number[]): Promise<void> {
  const sessionId = await startScreening(api, client, type);
  await answerAll(api, client, sessionId, values);
  await api.call('POST', '/api/responses/complete', { sessionId }, { token: client.token });
}

const SEVEN = [0, 0, 0, 0, 0, 0, 0];

describe('before a session', () => {
  async function prepared(): Promise<string> {
    const materials = [await material()];
    const questionnaires = ['GAD-7', 'UNKNOWN'];
    const preparation = { questionnaires, materials, dueBeforeStartMs: HOUR_MS };
    return confirmedSession({ ...DEFAULT_PLAN, preparation });
  }

  test('the client is shown what to do, and it is known when it is done', async () => {
    const id = await prepared();
    const before = await session(id);
    expect(before).toMatchObject({
      preparation_materials: [
        { type: 'questionnaire', title: 'Generalized Anxiety Disorder scale (GAD-7)' },
        { type: 'material', title: 'Coping', completed: false },
      ],
      preparation_completed: false,
    });
    const [assessment, reading] = before.preparation_materials.map(({ url }) => url);
    const of = { token: client.token };
    const asked = await api.call('GET', assessment!, undefined, of);
    expect(asked.body).toMatchObject({
      questionnaireType: 'GAD-7',
      completedAt: null,
      responseSessionId: null,
    });
    await api.call('GET', reading!, undefined, { token: therapist.token });
    expect((await session(id)).preparation_materials[1]!.completed).toBe(false);
    const read = await api.call('GET', reading!, undefined, of);
    expect(read.body).toMatchObject({ content: 'Breathe in.', completedAt: expect.any(String) });
    expect((await session(id)).preparation_completed).toBe(false);
    await screen('GAD-7', SEVEN);
    expect((await session(id)).preparation_completed).toBe(true);
    expect(await session(id, therapist)).toEqual(
      expect.objectContaining({ preparation_completed: true }),
    );
  });

  test('its therapist sees the trend, for a while after it as well, and no other does', async () => {
    const other = await api.person({ isTherapist: true });
    await screen('GAD-7', SEVEN);
    const path = `/api/results/user/${client.id}`;
    const seenBy = async ({ token }: TestPerson) =>
      (await api.call('GET', path, undefined, { token })).status;
    expect(await seenBy(therapist)).toBe(404);
    const id = await prepared();
    expect([await seenBy(therapist), await seenBy(other)]).toEqual([200, 404]);
    const is = (change: object) => api.knex('sessions').where({ id }).update(change);
    await is({ status: 'cancelled' });
    expect(await seenBy(therapist)).toBe(404);
    const ended = (days: number) => new Date(Date.now() - days * 24 * HOUR_MS);
    await is({ status: 'completed', starts_at: ended(30), ends_at: ended(29) });
    expect(await seenBy(therapist)).toBe(200);
    await is({ starts_at: ended(32), ends_at: ended(31) });
    expect(await seenBy(therapist)).toBe(404);
  });

  test('reminders name by e-mail what is still to be done', async () => {
    const id = await prepared();
    const mails = await reminded(id);
    expect(mails[0]!.text).toMatch(
      /To be done before it:\n\S+\/assessments\/\S+\n\S+\/materials\//,
    );
    expect(mails[0]!.text).not.toMatch(/GAD|Anxiety|Coping/);
  });
});

async function reminded(sessionId: string): Promise<SentMail[]> {
  const already = api.mails.length;
  const { sendReminder } = createReminderActivities(messaging());
  await sendReminder({
    sessionId,
    scheduleVersion: 1,
    reminder: {
      key: `${sessionId}-reminder`,
      dueAt: Date.now(),
      offsetMs: HOUR_MS,
      channel: 'email',
      recipientId: client.id,
    },
  });
  return api.mails.slice(already);
}

function messaging() {
  const { knex, deps } = api;
  return {
    knex,
    sms: deps.sms,
    mail: deps.mail as Parameters<typeof createReminderActivities>[0]['mail'],
    publicUrl: 'https://clinic.example',
    organizer: 'care@clinic.example',
  };
}

describe('after a session', () => {
  const screening = { questionnaire: 'GAD-7', remindAfterMs: 48 * HOUR_MS };
  const followUp = { ...DEFAULT_PLAN.followUp!, screening };

  async function told(sessionId: string, kind: 'follow_up' | 'screening_reminder', version = 1) {
    const already = api.mails.length;
    await createNoticeActivities(messaging()).notify({ sessionId, kind, version });
    return api.mails.slice(already).map(({ text }) => text);
  }

  test('the follow-up brings a questionnaire, and one reminder to who has not answered', async () => {
    const id = await confirmedSession({ ...DEFAULT_PLAN, followUp });
    const [text] = await told(id, 'follow_up');
    expect(text).toMatch(/\/assessments\/[0-9a-f-]{36}/);
    const [again] = await told(id, 'screening_reminder');
    expect(/\/assessments\/(\S+)/.exec(again!)?.[1]).toBe(/\/assessments\/(\S+)/.exec(text!)?.[1]);
    await screen('GAD-7', SEVEN);
    expect(await told(id, 'screening_reminder', 2)).toEqual([]);
  });

  test('no questionnaire where the plan has none', async () => {
    const id = await confirmedSession(DEFAULT_PLAN);
    expect((await told(id, 'follow_up'))[0]).not.toContain('/assessments/');
  });
});

describe('an answered questionnaire', () => {
  const WEEK_MS = 7 * 24 * HOUR_MS;
  const preparation = { questionnaires: ['GAD-7'], materials: [], dueBeforeStartMs: 24 * HOUR_MS };
  const plan = { ...DEFAULT_PLAN, preparation };
  const sessionIn = (ms: number) => confirmedSession(plan, Date.now() + ms);
  const prepared = (ids: readonly string[]) =>
    Promise.all(ids.map(async (id) => (await session(id)).preparation_completed));
  const change = (id: string, to: object) => api.knex('sessions').where({ id }).update(to);

  test('counts for the next of the sessions that ask for it, and the one after it for the next', async () => {
    const ids: string[] = [];
    for (const week of [3, 1, 4, 2]) ids.push(await sessionIn(week * WEEK_MS));
    await screen('GAD-7', SEVEN);
    expect(await prepared(ids)).toEqual([false, true, false, false]);
    await screen('GAD-7', SEVEN);
    expect(await prepared(ids)).toEqual([false, true, false, true]);
  });

  test('counts late, too, until the session begins', async () => {
    const ids = [await sessionIn(HOUR_MS), await sessionIn(WEEK_MS)];
    await screen('GAD-7', SEVEN);
    expect(await prepared(ids)).toEqual([true, false]);
  });

  test('counts for no session that has begun, is over, was called off or left', async () => {
    const begun = await sessionIn(-HOUR_MS / 2);
    const early = await sessionIn(HOUR_MS);
    await change(early, { status: 'in_progress' });
    const over = await sessionIn(-WEEK_MS);
    await change(over, { status: 'completed' });
    const off = await sessionIn(2 * HOUR_MS);
    await change(off, { status: 'cancelled' });
    const left = await sessionIn(3 * HOUR_MS);
    const seat = { id: newId(), session_id: left, person_id: client.id };
    await api
      .knex('enrolments')
      .insert({ ...seat, state: 'left', status: 'cancelled', alias: 'A' });
    const next = await sessionIn(WEEK_MS);
    await screen('GAD-7', SEVEN);
    const ids = [begun, early, over, off, left, next];
    expect(await prepared(ids)).toEqual([false, false, false, false, false, true]);
  });

  test('counts for every follow-up that is open, and not for what was to come before', async () => {
    const screening = { questionnaire: 'GAD-7', remindAfterMs: 48 * HOUR_MS };
    const asking = { ...plan, followUp: { ...DEFAULT_PLAN.followUp!, screening } };
    const weeksAgo = async (weeks: number): Promise<string> => {
      const id = await confirmedSession(asking, Date.now() - weeks * WEEK_MS);
      await createNoticeActivities(messaging()).notify({
        sessionId: id,
        kind: 'follow_up',
        version: 1,
      });
      return id;
    };
    const ids = [await weeksAgo(3), await weeksAgo(1), await weeksAgo(0.5)];
    await screen('GAD-7', SEVEN);
    const rows = await api.knex('session_preparations').whereIn('session_id', ids);
    const done = (purpose: string) =>
      ids.map((id) => {
        const row = rows.find((one) => one.session_id === id && one.purpose === purpose);
        return row.completed_at !== null;
      });
    expect(done('follow_up')).toEqual([false, true, true]);
    expect(done('preparation')).toEqual([false, false, false]);
  });
});
