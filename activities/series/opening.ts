import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import { type AuditContext, SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type SeriesRow, lockSeries } from '../../db/models/series.ts';
import { carryConsents, findSeriesCard, insertCardPayment } from '../../db/series-cards.ts';
import { type OccurrenceRow, occurrencesOf } from '../../db/series.ts';
import { recordSimply } from '../../db/session-transitions.ts';
import { findSession, stateOf } from '../../db/sessions.ts';
import { dueOccurrences } from '../../db/start-ahead.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { paymentDueAt } from '../../domain/plan.ts';
import { type SessionEvent, decide } from '../../domain/session.ts';
import { startSession } from '../session/starting.ts';

export interface OpeningDeps {
  readonly knex: Knex;
  readonly temporal: Client;
}

export interface Opened {
  readonly opened: readonly string[];
  readonly missed: readonly string[];
}

const SYSTEM: AuditContext = { actor: SYSTEM_ACTOR, requestId: null };
const NOTHING: Opened = { opened: [], missed: [] };

/**
 * Opens the occurrences of a series whose time has come, or the named ones: each becomes a session
 * with a workflow that asks for its payment. The record comes first; a crash before the workflow
 * has started leaves a session without one, which the sweeper takes up.
 */
export async function openOccurrences(
  { knex, temporal }: OpeningDeps,
  seriesId: string,
  named?: readonly string[],
): Promise<Opened> {
  const due = named ?? (await dueOccurrences(knex, seriesId));
  if (due.length === 0) return NOTHING;
  const result = await inTransaction(knex, SYSTEM, async (trx) => {
    const series = await lockSeries(trx, seriesId);
    if (series?.status !== 'active') return NOTHING;
    const planned = (await occurrencesOf(trx, seriesId)).filter(
      ({ id, status }) => status === 'planned' && due.includes(id),
    );
    return openAll(trx, series, planned);
  });
  for (const id of result.opened) {
    const session = await findSession(knex, id);
    if (session !== null) await startSession(temporal, session);
  }
  return result;
}

async function openAll(
  trx: Knex.Transaction,
  series: SeriesRow,
  planned: readonly OccurrenceRow[],
): Promise<Opened> {
  const now = Date.now();
  const isOver = ({ starts_at }: OccurrenceRow): boolean => starts_at.getTime() <= now;
  const [missed, timely] = [planned.filter(isOver), planned.filter((each) => !isOver(each))];
  await carryConsents(
    trx,
    series.root_id,
    timely.map(({ id }) => id),
  );
  const cardRef = await findSeriesCard(trx, series.root_id, series.client_id);
  for (const occurrence of timely) {
    const event = await openingOf(trx, occurrence, cardRef, now);
    await record(trx, occurrence, event, 'opened', now);
  }
  for (const occurrence of missed) {
    await record(trx, occurrence, { type: 'cancel', by: 'system' }, 'cancelled', now);
  }
  return { opened: timely.map(({ id }) => id), missed: missed.map(({ id }) => id) };
}

/** What the occurrence waits for: nothing, the card of the series near the date, or its client. */
async function openingOf(
  trx: Knex.Transaction,
  { id: sessionId, due_cents, plan, starts_at }: OccurrenceRow,
  cardRef: string | null,
  now: number,
): Promise<SessionEvent> {
  if (due_cents === 0) return { type: 'open', payment: 'not_due', paymentDueAt: null };
  if (cardRef !== null) {
    await insertCardPayment(trx, { id: uuidv7(), sessionId, cardRef });
    return { type: 'open', payment: 'saved', paymentDueAt: null };
  }
  const dueAt = paymentDueAt(plan, now, starts_at.getTime());
  return { type: 'open', payment: 'due', paymentDueAt: dueAt };
}

async function record(
  trx: Knex.Transaction,
  occurrence: OccurrenceRow,
  event: SessionEvent,
  name: string,
  now: number,
): Promise<void> {
  const decision = decide(stateOf(occurrence), event, now);
  if (decision.kind !== 'moved') return;
  const step = {
    sessionId: occurrence.id,
    version: occurrence.version + 1,
    state: decision.state,
    claims: { kind: name === 'opened' ? 'keep' : 'release' },
    event: name,
    actorId: null,
    data: { by: 'system' },
  } as const;
  const outcome = await recordSimply(trx, step, SYSTEM);
  if (outcome !== 'recorded') {
    throw new HoldfastError('version_conflict', 'A planned occurrence has lost its time.');
  }
}
