import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { findSession, type SessionRow, stateOf } from '../../db/sessions.ts';
import { wasSent } from '../../db/sends.ts';
import { announcementOf } from '../../domain/announcement.ts';
import type { SessionState } from '../../domain/session.ts';
import { isEnded } from '../../domain/session.ts';
import type { Life } from '../start-once.ts';
import type { Revival } from '../money/reconcile.ts';
import { noticeKey } from './notice-key.ts';
import { isRunning, startSession } from './starting.ts';
import { recordStep } from './transitions.ts';

/**
 * Gives an expired session its time back when it is still free, since its money came after
 * all. `gone` when somebody else has the time, or when more than the money was missing.
 */
export async function reviveSession(
  { knex, temporal }: { knex: Knex; temporal: Client },
  { sessionId }: { sessionId: string },
): Promise<Revival> {
  const session = await findSession(knex, sessionId);
  if (session === null) return 'gone';
  if (isEnded(session.status)) {
    // A run that is still settling the end would swallow the start of the next one.
    if (await isRunning(temporal, sessionId)) return 'not_yet';
    if (!(await takeBack(knex, session))) return 'gone';
  }
  const revived = await findSession(knex, sessionId);
  if (revived === null || isEnded(revived.status)) return 'gone';
  await startAgain({ knex, temporal }, revived, 'again');
  return 'taken_back';
}

/** Gives a session, or a seat, that had a workflow another: nobody hears twice how it stands. */
export async function startAgain(
  { knex, temporal }: { knex: Knex; temporal: Client },
  session: SessionRow,
  life?: Life,
): Promise<void> {
  const kind = announcementOf(session);
  const isTold = kind !== null && (await wasSent(knex, session.id, noticeKey(session, kind)));
  await startSession(temporal, session, life, isTold);
}

async function takeBack(knex: Knex, session: SessionRow): Promise<boolean> {
  const wasOnlyUnpaid = session.status === 'expired' && session.approval !== 'awaited';
  if (!wasOnlyUnpaid) return false;
  const outcome = await recordStep(knex, {
    sessionId: session.id,
    version: session.version + 1,
    state: unpaidButAuthorised(stateOf(session)),
    claims: 'reclaim',
    event: 'taken_back',
    actorId: null,
    data: { by: 'system' },
  });
  return outcome === 'recorded';
}

/** What it was waiting for is there: only the capture is left to its new run. */
function unpaidButAuthorised(state: SessionState): SessionState {
  const { startsAt, endsAt, approval, scheduleVersion, movedByOthersAt } = state;
  return {
    status: 'awaiting_payment',
    startsAt,
    endsAt,
    approval,
    scheduleVersion,
    ...(movedByOthersAt === undefined ? {} : { movedByOthersAt }),
    payment: 'authorised',
    answerDueAt: null,
    paymentDueAt: null,
    holdDueAt: null,
    proposal: null,
  };
}
