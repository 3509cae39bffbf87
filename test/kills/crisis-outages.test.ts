import { expect } from '@jest/globals';
import { workflowId } from '../../domain/ids.ts';
import type { PartName } from '../support/outage-stack.ts';
import { sideBySide } from '../support/stack-side-by-side.ts';
import { until } from '../support/until.ts';
import {
  type Clinic,
  acknowledgedBy,
  inClinic,
  pagesSince,
  raise,
  replyTo,
  rowOf,
  sentFor,
} from './crisis-lane.ts';

/** How long each part is away. */
const OUTAGE_MS = 30_000;
const ALERTS = 3;

/** A part dies with alerts open and is away for half a minute: pages go on all the while, and after. */
function outage(part: PartName): () => Promise<void> {
  return () =>
    inClinic(async (clinic) => {
      const alerts = await Promise.all(Array.from({ length: ALERTS }, () => raise(clinic)));
      await until(async () => (await sentFor(clinic, alerts)).every((sent) => sent > 0));

      const backAt = Date.now() + OUTAGE_MS;
      await clinic.stack.parts[part].kill();
      await pagesGoOn(clinic, alerts);
      await until(() => Date.now() >= backAt);
      await clinic.stack.parts[part].restart();

      await pagesGoOn(clinic, alerts);
      for (const { id } of alerts)
        expect(await rowOf(clinic, id)).toMatchObject({ status: 'paging' });
      const [last, ...others] = alerts;
      await Promise.all(others.map((alert) => oneTakes(clinic, alert.id)));
      // Whoever is paged now is not paged for these.
      await pagesGoOn(clinic, [last!]);
      const before = await sentFor(clinic, others);
      await pagesGoOn(clinic, [last!]);
      expect(await sentFor(clinic, others)).toEqual(before);
      await oneTakes(clinic, last!.id);
    });
}

/** Two more rounds for each of them. */
async function pagesGoOn(clinic: Clinic, alerts: readonly { number: string }[]): Promise<void> {
  const before = await sentFor(clinic, alerts);
  await until(async () => {
    const now = await sentFor(clinic, alerts);
    return now.every((sent, at) => sent >= before[at]! + 2);
  });
}

/** Both on call take it at once: it is one's. */
async function oneTakes(clinic: Clinic, alertId: string): Promise<void> {
  const [first, second] = clinic.onCall;
  const answers = await Promise.all([
    acknowledgedBy(clinic, first, alertId),
    acknowledgedBy(clinic, second, alertId),
  ]);
  expect(answers.toSorted()).toEqual([200, 409]);
  const winner = clinic.onCall[answers.indexOf(200)]!;
  await until(async () => (await rowOf(clinic, alertId)).status === 'held');
  expect(await rowOf(clinic, alertId)).toMatchObject({ holder_id: winner.id });
}

sideBySide(
  {
    'the crisis worker is away for 30 s': outage('worker'),
    'the API is away for 30 s': outage('api'),
    'Temporal is away for 30 s': outage('temporal'),
    'PostgreSQL is away for 30 s': outage('postgres'),
    'with Temporal away, an alert is paged for and taken, and its workflow hears of it': () =>
      inClinic(async (clinic) => {
        const { parts, temporal } = clinic.stack;
        const alert = await raise(clinic);
        await until(async () => (await sentFor(clinic, [alert]))[0]! > 0);
        await parts.temporal.kill();
        await pagesSince(clinic, alert, 'auditor', 1);
        await oneTakes(clinic, alert.id);
        await parts.temporal.restart();
        const handle = temporal.workflow.getHandle(workflowId('alert', alert.id));
        await until(async () => {
          const state = await handle.query<{ kind: string } | null>('alertState').catch(() => null);
          return state?.kind === 'held';
        });
      }),
    'a workflow that was terminated by hand: the auditor pages, and the text’s code takes it': () =>
      inClinic(async (clinic) => {
        const { knex, temporal } = clinic.stack;
        const alert = await raise(clinic);
        await until(async () => (await sentFor(clinic, [alert]))[0]! > 0);
        const handle = temporal.workflow.getHandle(workflowId('alert', alert.id));
        await handle.terminate('by hand');
        await pagesSince(clinic, alert, 'auditor', 1);
        await until(async () => (await handle.describe()).status.name === 'RUNNING');
        const [task] = await knex('tasks').where({ kind: 'alert_workflow_missing' });
        expect(task.data).toMatchObject({ alertId: alert.id });
        await replyTo(clinic, alert, 'auditor');
        await until(async () => (await rowOf(clinic, alert.id)).status === 'held');
      }),
  },
  3,
);
