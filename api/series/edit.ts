import type { Knex } from 'knex';
import { openOccurrences } from '../../activities/series/opening.ts';
import { type WantedOutcome, applyWanted } from '../../activities/series/wanted.ts';
import type { AuditContext } from '../../db/audit/entry.ts';
import type { RefusedBooking } from '../../db/batch-bookings.ts';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { type SeriesRow, lockSeries } from '../../db/models/series.ts';
import { type OccurrenceRow, type WantedActor, occurrencesOf } from '../../db/series.ts';
import { type RecordAudit, inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import {
  type Calendars,
  type RefusedPlace,
  loadCalendars,
  refuseAll,
  refusedPlace,
} from './availability.ts';
import { composeOccurrences } from './compose.ts';
import { commonOf } from './create.ts';
import { type DecidedEdit, decideEdit } from './decide-edit.ts';
import { type WantedClaims, claimEdit, editWishes } from './edit-claims.ts';
import { assertEditable, assertMayMove, refusalsOf } from './edit-rules.ts';
import type { SeriesEdit } from './edit-wish.ts';
import { recordEdit } from './record-edit.ts';
import { templateColumns } from './template.ts';

export interface Edited {
  /** The series that the edited occurrences belong to now. */
  readonly seriesId: string;
  readonly outcomes: readonly { readonly sessionId: string; readonly outcome: WantedOutcome }[];
}

/**
 * Changes a series. Every new time is claimed at once or nothing changes, and each occurrence that
 * is in the way of it is named. What is planned changes in the same transaction; what has a running
 * workflow is changed by it right after, and by the next run where a crash comes between.
 */
export async function editSeries(
  call: Call,
  series: SeriesRow,
  edit: SeriesEdit,
  actor: WantedActor,
): Promise<Edited> {
  const { deps } = call;
  await openForItsClient(call, series, edit, actor);
  const now = Date.now();
  const preview = decideEdit(series, await occurrencesOf(deps.knex, series.id), edit, now);
  assertMayMove(preview, actor, edit);
  const calendars = needsTimes(preview) ? await calendarsFor(call, series, preview) : null;
  const context = auditContext(call.principal, call.requestId);
  const attempt = (): Promise<Attempt> =>
    inTransaction(deps.knex, context, (trx, audit) =>
      editOnce(trx, audit, { series, edit, actor, calendars, context, now }),
    ).catch(asAttempt);
  let done = await attempt();
  if (done.kind === 'taken') {
    const released = await releaseExpiredInTheWay(deps.knex, done.wishes);
    if (released > 0) done = await attempt();
  }
  if (done.kind === 'taken') throw refuseAll(done.refused);
  return { seriesId: done.seriesId, outcomes: await finish(call, done) };
}

/** An occurrence that its client moves begins its own life first: there, its therapist answers. */
async function openForItsClient(
  call: Call,
  series: SeriesRow,
  edit: SeriesEdit,
  { party }: WantedActor,
): Promise<void> {
  if (edit.kind !== 'move_one' || party !== 'client' || series.status !== 'active') return;
  if (series.approval === 'not_needed') return;
  await openOccurrences(call.deps, series.id, [edit.occurrenceId]);
}

function needsTimes({ plan }: DecidedEdit): boolean {
  return plan.moves.length + plan.added.length > 0;
}

function calendarsFor(call: Call, series: SeriesRow, decided: DecidedEdit): Promise<Calendars> {
  const places = [...decided.plan.moves.map(({ to }) => to), ...decided.plan.added];
  const stretch = {
    startMs: Math.min(...places.map(({ startMs }) => startMs)),
    endMs: Math.max(...places.map(({ endMs }) => endMs)),
  };
  const { client_id: clientId, session_type: sessionType } = series;
  // One that another therapist has taken over is moved in their calendar.
  const moved = decided.isException ? decided.targets[0] : undefined;
  const therapistId = moved?.therapist_id ?? series.therapist_id;
  return loadCalendars(call, { therapistId, clientId, sessionType }, stretch);
}

type Attempt =
  | { readonly kind: 'done'; readonly seriesId: string; readonly wanted: readonly string[] }
  | {
      readonly kind: 'taken';
      readonly refused: readonly RefusedPlace[];
      readonly wishes: ReturnType<typeof editWishes>;
    };

class TimesTaken extends Error {
  readonly attempt: Attempt;
  constructor(attempt: Attempt) {
    super('times taken');
    this.attempt = attempt;
  }
}

function asAttempt(error: unknown): Attempt {
  if (error instanceof TimesTaken) return error.attempt;
  throw error;
}

interface EditInput {
  readonly series: SeriesRow;
  readonly edit: SeriesEdit;
  readonly actor: WantedActor;
  readonly calendars: Calendars | null;
  readonly context: AuditContext;
  readonly now: number;
}

async function editOnce(
  trx: Knex.Transaction,
  audit: RecordAudit,
  { series: seen, edit, actor, calendars, context, now }: EditInput,
): Promise<Attempt> {
  const series = await lockSeries(trx, seen.id);
  if (series === null || series.version !== seen.version) {
    throw new HoldfastError('version_conflict', 'The series has changed meanwhile.');
  }
  assertEditable(series, edit);
  const decided = decideEdit(series, await occurrencesOf(trx, series.id), edit, now);
  const claims = claimsOf(series, decided, calendars, actor, now);
  const refused = refusalsOf(series, decided, claims, calendars, actor, now);
  if (refused.length > 0) throw refuseAll(refused);
  const outcome = await claimEdit(trx, claims, now);
  if (outcome.kind === 'refused') {
    const named = namePlaces(claims, outcome.refused);
    throw new TimesTaken({ kind: 'taken', refused: named, wishes: editWishes(claims, now) });
  }
  const { granted } = outcome;
  const record = { series, decided, claims, granted, actor, context, now };
  const seriesId = await recordEdit(trx, audit, record);
  const wanted = [...claims.moves.map(({ row }) => row), ...claims.removed]
    .filter(({ status }) => status !== 'planned')
    .map(({ id }) => id);
  return { kind: 'done', seriesId, wanted };
}

function claimsOf(
  series: SeriesRow,
  { plan, targets, template }: DecidedEdit,
  calendars: Calendars | null,
  actor: WantedActor,
  now: number,
): WantedClaims {
  const rowOf = (id: string): OccurrenceRow => targets.find((row) => row.id === id)!;
  const isSame = (row: OccurrenceRow, startMs: number, endMs: number): boolean =>
    row.starts_at.getTime() === startMs && row.ends_at.getTime() === endMs;
  const changed = { ...series, ...templateColumns(template), created_by: actor.personId };
  return {
    moves: plan.moves
      .map(({ id, to }) => ({ row: rowOf(id), to }))
      .filter(({ row, to }) => !isSame(row, to.startMs, to.endMs)),
    added:
      calendars === null || plan.added.length === 0
        ? []
        : composeOccurrences(commonOf(changed), calendars, plan.added, now),
    removed: plan.removed.map(rowOf),
  };
}

function namePlaces(claims: WantedClaims, refused: readonly RefusedBooking[]): RefusedPlace[] {
  return refused.flatMap(({ sessionId, code }) => {
    const moved = claims.moves.find(({ row }) => row.id === sessionId)?.to;
    const place = moved ?? claims.added.find(({ session }) => session.id === sessionId)?.place;
    return place === undefined ? [] : [refusedPlace(place, code)];
  });
}

/** The edit stands; what its workflows don't answer now is done by the next run. */
async function finish(
  { deps, log }: Call,
  { seriesId, wanted }: Extract<Attempt, { kind: 'done' }>,
): Promise<Edited['outcomes']> {
  const later = (error: unknown): null => {
    log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'an edit goes on later');
    return null;
  };
  // Their new times are kept for each already, so that none waits for another.
  const answers = await Promise.all(
    wanted.map(async (sessionId) => ({
      sessionId,
      outcome: await applyWanted(deps, sessionId).catch(later),
    })),
  );
  await openOccurrences(deps, seriesId).catch(later);
  return answers.flatMap(({ sessionId, outcome }) =>
    outcome === null ? [] : [{ sessionId, outcome }],
  );
}
