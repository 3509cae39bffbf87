import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createHmac } from 'node:crypto';
import { workflowId } from '../../domain/ids.ts';
import { type Stack, startStack } from '../support/stack.ts';
import {
  type AlertRecordRow,
  type OnCallPerson,
  addOnCall,
  alertRow,
  callForHelp,
  codeSentTo,
  press,
  say,
  textBack,
} from '../support/stack-crisis.ts';
import { callsTo, textsTo } from '../support/stack-findings.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let team: OnCallPerson[];

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startCrisisWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** Each test has people of its own: the others' phones are silent. */
beforeEach(async () => {
  await stack.api.knex('people').update({ phone_verified_at: null });
  await stack.api.knex('therapist_profiles').update({ is_crisis_therapist: false });
  team = [await addOnCall(stack), await addOnCall(stack), await addOnCall(stack)];
}, 120_000);

function statusOf(alert: AlertRecordRow): Promise<AlertRecordRow> {
  return alertRow(stack, alert.id);
}

test('a call for help pages by text and call until somebody takes it', async () => {
  const alert = await callForHelp(stack);
  const [first] = team as [OnCallPerson];
  const code = await codeSentTo(stack, first.phone);
  const [text] = await textsTo(stack, first.phone);
  expect(text!.body).toBe(`Holdfast: alert ${alert.number} needs you. Reply ${code} to take it.`);
  const taken = await say(stack, 'acknowledge', alert.id, first);
  expect(taken).toMatchObject({
    status: 200,
    body: { number: alert.number, status: 'held', holderId: first.id, isRecorded: true },
  });
  expect(await statusOf(alert)).toMatchObject({ status: 'held', holder_id: first.id });
  const late = await say(stack, 'acknowledge', alert.id, team[1]!);
  expect(late).toMatchObject({
    status: 409,
    body: { code: 'already_held', holderId: first.id },
  });
  // What rang is hung up.
  await until(async () => (await callsTo(stack, team[2]!.phone))[0]?.status === 'completed');
  const bare = await say(stack, 'resolve', alert.id, first);
  expect(bare).toMatchObject({ status: 422, body: { code: 'refused_by_rule' } });
  const end = { outcome: 'safe', note: 'We have spoken.' };
  expect(await say(stack, 'resolve', alert.id, first, end)).toMatchObject({ status: 200 });
  expect(await statusOf(alert)).toMatchObject({ status: 'resolved' });
}, 120_000);

test('of answers by text, phone key and API at once, one wins', async () => {
  const alert = await callForHelp(stack);
  const [byText, byPhone, byApi] = team as [OnCallPerson, OnCallPerson, OnCallPerson];
  const code = await codeSentTo(stack, byText.phone);
  const asked = async (): Promise<boolean> =>
    (await callsTo(stack, byPhone.phone)).some(({ status }) => status === 'in-progress');
  await until(asked);
  const [, , reply] = await Promise.all([
    textBack(stack, byText.phone, code),
    press(stack, byPhone.phone, '1').catch(() => undefined),
    say(stack, 'acknowledge', alert.id, byApi),
  ]);
  await until(async () => (await statusOf(alert)).status === 'held');
  const { holder_id: holder } = await statusOf(alert);
  expect(team.map(({ id }) => id)).toContain(holder);
  expect(reply.status).toBe(holder === byApi.id ? 200 : 409);
  const events = await stack.api.knex('crisis_events').where({ alert_id: alert.id });
  expect(events.filter(({ kind }) => kind === 'acknowledge')).toHaveLength(1);
}, 120_000);

describe('one way alone', () => {
  test('a text with the code takes the alert', async () => {
    const alert = await callForHelp(stack);
    const [first] = team as [OnCallPerson];
    await textBack(stack, first.phone, `ok ${await codeSentTo(stack, first.phone)} on my way`);
    await until(async () => (await statusOf(alert)).holder_id === first.id);
  }, 120_000);

  test('a pressed key takes the alert, and a call that is picked up late hears so', async () => {
    const alert = await callForHelp(stack);
    const [first] = team as [OnCallPerson];
    await press(stack, first.phone, '1');
    await until(async () => (await statusOf(alert)).holder_id === first.id);
    const transcriptOf = async (): Promise<string> =>
      (await callsTo(stack, first.phone)).flatMap(({ transcript }) => transcript).join('\n');
    await until(async () => (await transcriptOf()).includes('you have taken it'));
  }, 120_000);

  test("somebody else's code takes nothing, nor does a wrong one", async () => {
    const alert = await callForHelp(stack);
    const [first, second] = team as [OnCallPerson, OnCallPerson];
    const code = await codeSentTo(stack, first.phone);
    await textBack(stack, second.phone, code);
    await textBack(stack, '+14155559999', code);
    await textBack(stack, first.phone, code === '000000' ? '000001' : '000000');
    const toldOf = async ({ phone }: OnCallPerson): Promise<number> =>
      (await textsTo(stack, phone)).filter(({ body }) => body.includes('takes NOTHING')).length;
    // Whoever believes to have it is told, and no stranger is.
    await until(async () => (await toldOf(first)) === 1 && (await toldOf(second)) === 1);
    expect(await textsTo(stack, '+14155559999')).toEqual([]);
    expect(await statusOf(alert)).toMatchObject({ status: 'paging', holder_id: null });
  }, 120_000);
});

test('a forged text or call changes nothing', async () => {
  const alert = await callForHelp(stack);
  const [first] = team as [OnCallPerson];
  const code = await codeSentTo(stack, first.phone);
  const before = await stack.api.knex('crisis_events').where({ alert_id: alert.id });
  const key = `${alert.id}.workflow.1.${first.id}`;
  const forgeries = [
    ['/webhooks/twilio/inbound', { From: first.phone, Body: code, MessageSid: 'SM1' }],
    [`/webhooks/twilio/crisis-call?page=${key}`, { CallSid: 'CA1', CallStatus: 'in-progress' }],
    [`/webhooks/twilio/crisis-call/answer?page=${key}`, { CallSid: 'CA1', Digits: '1' }],
    [`/webhooks/twilio/crisis-call/status?page=${key}`, { CallSid: 'CA1', CallStatus: 'failed' }],
    [`/webhooks/twilio/crisis-text?page=${key}`, { MessageSid: 'SM1', MessageStatus: 'failed' }],
  ] as const;
  for (const [path, fields] of forgeries) {
    for (const signature of [undefined, 'AAAA', signedBy('another token', path, fields)]) {
      const response = await fetch(`${stack.api.url}${path}`, {
        method: 'POST',
        headers: signature === undefined ? {} : { 'x-twilio-signature': signature },
        body: new URLSearchParams(fields),
      });
      expect([path, response.status]).toEqual([path, 403]);
    }
  }
  expect(await statusOf(alert)).toMatchObject({ status: 'paging', holder_id: null });
  const after = await stack.api.knex('crisis_events').where({ alert_id: alert.id });
  const acts = (events: { kind: string; data: { channel?: string } }[]) =>
    events.filter(
      // Nobody has a screen open, which the pages themselves find out.
      ({ kind, data }) => kind === 'acknowledge' || (data.channel ?? 'socket') !== 'socket',
    );
  expect(acts(after)).toEqual(acts(before));
}, 120_000);

/** As the provider signs, with a token that is not ours. */
function signedBy(token: string, path: string, fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const text = `${stack.api.url}${path}${parts.flat().join('')}`;
  return createHmac('sha1', token).update(text).digest('base64');
}

test('when nobody of a step can be reached, the next one is paged at once', async () => {
  await stack.api.knex('people').update({ phone_verified_at: null });
  await addOnCall(stack, '+15005550111');
  await addOnCall(stack, '+15005550112');
  const alert = await callForHelp(stack);
  await until(async () => ((await statusOf(alert)).state?.tier ?? 0) > 0);
  const pages = await stack.api.knex('crisis_pages').where({ alert_id: alert.id, batch: 1 });
  expect(pages.filter(({ state }) => state === 'sent' || state === 'delivered')).toEqual([]);
}, 120_000);

test('a call that is picked up late hears that it is taken, a machine hears nothing', async () => {
  const alert = await callForHelp(stack);
  const [first, second] = team as [OnCallPerson, OnCallPerson];
  await codeSentTo(stack, first.phone);
  const pickUp = async (fields: Readonly<Record<string, string>>): Promise<string> => {
    const path = `/webhooks/twilio/crisis-call?page=${alert.id}.workflow.1.${second.id}`;
    const response = await fetch(`${stack.api.url}${path}`, {
      method: 'POST',
      headers: { 'x-twilio-signature': signedBy('stack-token', path, fields) },
      body: new URLSearchParams(fields),
    });
    expect(response.status).toBe(200);
    return response.text();
  };
  expect(await pickUp({ CallSid: 'CA1', AnsweredBy: 'human' })).toContain('Press 1 to take it');
  expect(await pickUp({ CallSid: 'CA1', AnsweredBy: 'machine_start' })).not.toContain('Say');
  await say(stack, 'acknowledge', alert.id, first);
  expect(await pickUp({ CallSid: 'CA1' })).toContain('somebody has taken it');
}, 120_000);

describe('whoever is paged and has no business here any more', () => {
  const gone: Readonly<Record<string, () => Promise<object>>> = {
    'is suspended': async () => ({ suspended_at: new Date() }),
    'has left for another clinic': async () => ({ clinic_id: await stack.api.clinic() }),
    'is no helper any more': async () => ({ verified_at: null }),
  };

  test.each(Object.entries(gone))(
    'takes nothing by a key: %s',
    async (_, become) => {
      const alert = await callForHelp(stack);
      const [first, second] = team as [OnCallPerson, OnCallPerson];
      await codeSentTo(stack, first.phone);
      const changes = await become();
      await stack.api.knex('people').where({ id: first.id }).update(changes);
      const pressed = async ({ id }: OnCallPerson): Promise<string> => {
        const path = `/webhooks/twilio/crisis-call/answer?page=${alert.id}.workflow.1.${id}`;
        const fields = { CallSid: `CA-${id}`, Digits: '1' };
        const response = await fetch(`${stack.api.url}${path}`, {
          method: 'POST',
          headers: { 'x-twilio-signature': signedBy('stack-token', path, fields) },
          body: new URLSearchParams(fields),
        });
        expect(response.status).toBe(200);
        return response.text();
      };
      expect(await pressed(first)).toContain('you can NOT take it');
      expect(await statusOf(alert)).toMatchObject({ status: 'paging', holder_id: null });
      const answered = { alert_id: alert.id, state: 'answered' };
      expect(await stack.api.knex('crisis_pages').where(answered)).toEqual([]);
      // It is open for whoever is on call.
      expect(await pressed(second)).toContain('you have taken it');
      expect(await statusOf(alert)).toMatchObject({ status: 'held', holder_id: second.id });
    },
    120_000,
  );
});

test('an alert has one workflow, whose details name no illness', async () => {
  const alert = await callForHelp(stack);
  const handle = stack.temporal.workflow.getHandle(workflowId('alert', alert.id));
  const { status, type } = await handle.describe();
  expect([status.name, type]).toEqual(['RUNNING', 'crisisAlertWorkflow']);
});
