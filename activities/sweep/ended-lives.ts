import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { findSeat } from '../../db/seats.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { workflowId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/session.ts';
import { RECONCILIATION_WORKFLOW } from '../../workflows/messages/reconciliation.ts';
import { unsettledPayments } from '../money/unsettled.ts';
import { isRunning } from '../session/starting.ts';
import { startOnce } from '../start-once.ts';

interface Deps {
  readonly knex: Knex;
  readonly temporal: Client;
}

/**
 * Sessions and seats that had ended when their workflow was ended by force: it may have been about
 * to give money back. Another workflow squares what is left of it.
 */
export async function squareEnded(
  deps: Deps,
  abandoned: { readonly session: readonly string[]; readonly enrolment: readonly string[] },
): Promise<number> {
  let squared = 0;
  for (const id of new Set(abandoned.session)) {
    squared += await square(deps, 'session', id, await findSession(deps.knex, id));
  }
  for (const id of new Set(abandoned.enrolment)) {
    squared += await square(deps, 'enrolment', id, await findSeat(deps.knex, id));
  }
  return squared;
}

async function square(
  { knex, temporal }: Deps,
  kind: 'session' | 'enrolment',
  id: string,
  life: SessionRow | null,
): Promise<number> {
  if (life === null || !isEnded(life.status)) return 0;
  const paymentIds = await unsettledPayments(knex, life);
  if (paymentIds.length === 0 || (await isRunning(temporal, id, kind))) return 0;
  for (const paymentId of paymentIds) {
    await startOnce(temporal, RECONCILIATION_WORKFLOW, 'again', {
      workflowId: workflowId('reconciliation', paymentId),
      args: [{ paymentId }],
    });
  }
  return paymentIds.length;
}
