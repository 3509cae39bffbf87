import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TwilioGateway } from '../../activities/gateways/twilio.ts';
import { type IntakeDeps, type Raised, raiseAlert } from '../../api/crisis/intake.ts';
import {
  type OnCallPerson,
  addOnCall,
  alertRow,
  callForHelp,
  say,
} from '../support/stack-crisis.ts';
import { callsTo, textsTo } from '../support/stack-findings.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let onCall: OnCallPerson;
let noTemporal: Connection;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  onCall = await addOnCall(stack);
  noTemporal = Connection.lazy({ address: '127.0.0.1:9', connectTimeout: 300 });
}, 120_000);
afterAll(async () => {
  await stack.close();
  await noTemporal.close();
  await server.teardown();
});

async function report(deps: Partial<IntakeDeps>): Promise<Raised> {
  const { clinicId, deps: whole } = stack.api;
  const { id } = await stack.api.person();
  return raiseAlert(
    { ...whole, ...deps },
    {
      clinicId,
      personId: id,
      severity: 'critical',
      type: 'user-report',
      source: 'report',
      sessionId: null,
      messageId: null,
      reportedBy: id,
      words: 'I need somebody',
    },
    { principal: null, requestId: randomUUID() },
  );
}

interface PageRow {
  readonly channel: string;
  readonly state: string;
}

/** The pages with which the alert began. */
async function firstPages(alertId: string): Promise<PageRow[]> {
  return stack.api.knex('crisis_pages').where({ alert_id: alertId, sent_by: 'workflow', batch: 1 });
}

async function textsAbout({ number }: { readonly number: string | null }): Promise<number> {
  const texts = await textsTo(stack, onCall.phone);
  return texts.filter(({ body }) => body.includes(String(number))).length;
}

const isPaged = async (alertId: string): Promise<boolean> =>
  (await firstPages(alertId)).some(
    ({ channel, state }) => channel === 'sms' && state !== 'sending',
  );

const hasBegun = async (alertId: string): Promise<boolean> =>
  ((await alertRow(stack, alertId)).state?.batch ?? 0) > 0;

test('people are paged though Temporal and every worker are away, and once when they are back', async () => {
  const raised = await report({ temporal: new Client({ connection: noTemporal }) });
  await until(() => isPaged(raised.alertId));
  expect(await hasBegun(raised.alertId)).toBe(false);
  await until(async () => (await textsAbout(raised)) === 1);
  await stack.startCrisisWorker();
  await until(() => hasBegun(raised.alertId));
  await say(stack, 'resolve', raised.alertId, onCall, { outcome: 'safe' });
  expect(await textsAbout(raised)).toBe(1);
}, 120_000);

test('intake and workflow page side by side, and nobody gets a first page twice', async () => {
  const alerts = await Promise.all(Array.from({ length: 12 }, () => callForHelp(stack)));
  for (const alert of alerts) {
    await until(async () => (await isPaged(alert.id)) && (await hasBegun(alert.id)));
    await say(stack, 'resolve', alert.id, onCall, { outcome: 'safe' });
    expect(await textsAbout(alert)).toBe(1);
  }
}, 120_000);

/** The provider as an intake sees it that takes a page in hand and then does not get to its end. */
function stuck(): { sms: TwilioGateway; release: () => void; begun: Promise<void> } {
  const { sms } = stack.api.deps;
  const open = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const later = <A extends unknown[], R>(send: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      begun.resolve();
      await open.promise;
      return send(...args);
    };
  };
  const held = { ...sms, sendSms: later(sms.sendSms), call: later(sms.call) };
  return { sms: held, release: () => open.resolve(), begun: begun.promise };
}

test('a page that the intake has begun and never sends is sent by the workflow', async () => {
  const { sms, release } = stuck();
  const raised = await report({ sms });
  await until(async () => (await textsAbout(raised)) === 1);
  await until(() => isPaged(raised.alertId));
  await say(stack, 'resolve', raised.alertId, onCall, { outcome: 'safe' });
  release();
}, 120_000);

test('a call that was on its way when somebody took the alert is ended', async () => {
  const { sms, release, begun } = stuck();
  // Without its workflow, nobody but the intake has the call to end.
  const raised = await report({ sms, temporal: new Client({ connection: noTemporal }) });
  await begun;
  await until(async () => (await firstPages(raised.alertId)).length > 1);
  const before = new Set((await callsTo(stack, onCall.phone)).map(({ sid }) => sid));
  await stack.api
    .knex('crisis_pages')
    .where({ alert_id: raised.alertId })
    .update({ state: 'stopped' });
  release();
  const late = async () =>
    (await callsTo(stack, onCall.phone)).filter(({ sid }) => !before.has(sid));
  await until(async () => (await late()).some(({ status }) => status === 'completed'));
  await say(stack, 'resolve', raised.alertId, onCall, { outcome: 'safe' });
}, 120_000);
