import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import type { AuditContext } from '../../db/audit/entry.ts';
import { type GrantedClaim, insertSessions } from '../../db/batch-bookings.ts';
import { promoteProposedClaims } from '../../db/claims.ts';
import { type SeriesRow, changeSeries, insertSeries } from '../../db/models/series.ts';
import {
  type OccurrenceChange,
  type OccurrenceRow,
  type Wanted,
  type WantedActor,
  insertOccurrences,
  noteSeries,
  placeOccurrences,
} from '../../db/series.ts';
import { type ClaimsChange, recordSimply } from '../../db/session-transitions.ts';
import { stateOf } from '../../db/sessions.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { type Place, placeOn } from '../../domain/series.ts';
import { type SessionEvent, decide } from '../../domain/session.ts';
import type { DecidedEdit } from './decide-edit.ts';
import type { WantedClaims } from './edit-claims.ts';
import { templateColumns } from './template.ts';

export interface EditRecord {
  readonly series: SeriesRow;
  readonly decided: DecidedEdit;
  readonly claims: WantedClaims;
  readonly granted: readonly GrantedClaim[];
  readonly actor: WantedActor;
  readonly context: AuditContext;
  readonly now: number;
}

/**
 * Writes an edit whose new times are claimed: planned occurrences move and end right away, what is
 * running is noted as wanted. Gives the id of the series that the edited occurrences belong to.
 */
export async function recordEdit(
  trx: Knex.Transaction,
  audit: RecordAudit,
  edit: EditRecord,
): Promise<string> {
  const { series, decided, claims } = edit;
  const seriesId = await recordSeries(trx, edit);
  for (const { row, to } of claims.moves) {
    if (row.status !== 'planned') continue;
    const { startMs: startsAt, endMs: endsAt } = to;
    const proposal = { startsAt, endsAt, answerDueAt: startsAt };
    const by = edit.actor.party;
    const event = { type: 'reschedule', proposal, needsApproval: false, by } as const;
    await step(trx, edit, row, { event, claims: 'accept_proposal', name: 'rescheduled' });
  }
  for (const row of claims.removed) {
    if (row.status !== 'planned') continue;
    const event = { type: 'cancel', by: edit.actor.party } as const;
    await step(trx, edit, row, { event, claims: 'release', name: 'cancelled' });
  }
  await placeOccurrences(trx, placesAfter(edit, seriesId));
  if (claims.added.length > 0) {
    await insertSessions(
      trx,
      claims.added.map(({ session }) => session),
    );
    const places = claims.added.map(({ session, place }) => ({
      sessionId: session.id,
      place,
    }));
    await insertOccurrences(trx, seriesId, places);
  }
  audit({
    action: decided.endsSeries ? 'series.cancelled' : 'series.changed',
    objectType: 'series',
    objectId: series.id,
    subjectId: series.client_id,
    changes: {
      version: { from: series.version, to: series.version + 1 },
      moved: claims.moves.length,
      added: claims.added.length,
      removed: claims.removed.length,
    },
  });
  return seriesId;
}

async function recordSeries(trx: Knex.Transaction, edit: EditRecord): Promise<string> {
  const { series, decided, actor, now } = edit;
  const { template, before, endsSeries } = decided;
  const onlyRemoves = decided.plan.moves.length + decided.plan.added.length === 0;
  const notice = onlyRemoves && decided.plan.removed.length > 0 ? 'cancelled' : 'changed';
  if (before === null) {
    await changeSeries(trx, series, {
      ...templateColumns(template),
      ...(endsSeries ? { status: 'cancelled', answer_due_at: null } : {}),
    });
    await noteSeries(trx, series.id, notice, series.version + 1);
    return series.id;
  }
  await changeSeries(trx, series, templateColumns(before));
  const id = uuidv7();
  await insertSeries(trx, {
    ...series,
    ...templateColumns(template),
    id,
    previous_id: series.id,
    version: 1,
    created_by: actor.personId,
    created_at: new Date(now),
    updated_at: new Date(now),
  });
  await noteSeries(trx, id, notice, 1);
  return id;
}

interface Step {
  readonly event: SessionEvent;
  readonly claims: Extract<ClaimsChange['kind'], 'accept_proposal' | 'release'>;
  readonly name: string;
}

async function step(
  trx: Knex.Transaction,
  { actor, now, context }: EditRecord,
  row: OccurrenceRow,
  { event, claims, name }: Step,
): Promise<void> {
  const decision = decide(stateOf(row), event, now);
  if (decision.kind !== 'moved') {
    throw changedMeanwhile();
  }
  const times = { oldStartsAt: row.starts_at.getTime(), newStartsAt: decision.state.startsAt };
  const isMove = claims === 'accept_proposal';
  if (isMove) await promoteProposedClaims(trx, row.id, null);
  const record = {
    sessionId: row.id,
    version: row.version + 1,
    state: decision.state,
    claims: { kind: isMove ? 'keep' : 'release' },
    event: name,
    actorId: actor.personId,
    data: { by: actor.party, ...(isMove ? times : {}) },
  } as const;
  if ((await recordSimply(trx, record, context)) !== 'recorded') throw changedMeanwhile();
}

function changedMeanwhile(): HoldfastError {
  return new HoldfastError('version_conflict', 'The series has changed meanwhile.');
}

/** Where each edited occurrence stands afterwards, and what its workflow has yet to hear. */
function placesAfter(edit: EditRecord, seriesId: string): OccurrenceChange[] {
  const { decided, claims } = edit;
  return decided.targets.map((row) => {
    const isRemoved = claims.removed.includes(row);
    return {
      sessionId: row.id,
      seriesId: isRemoved ? row.series_id : seriesId,
      agreed: isRemoved || decided.isException ? null : agreedPlace(decided, row),
      wanted: wantedOf(edit, row) ?? row.wanted,
    };
  });
}

/** Also of what keeps its own time: moved back there, it goes with the others again. */
function agreedPlace({ plan, template }: DecidedEdit, row: OccurrenceRow): Place | null {
  const to = plan.moves.find(({ id }) => id === row.id)?.to;
  return to ?? placeOn(template, row.occurs_on);
}

function wantedOf({ claims, granted, actor }: EditRecord, row: OccurrenceRow): Wanted | null {
  if (row.status === 'planned') return null;
  const requestId = uuidv7();
  if (claims.removed.includes(row)) return { kind: 'cancel', actor, requestId };
  const move = claims.moves.find((each) => each.row === row);
  if (move === undefined) return null;
  return {
    kind: 'move',
    startsAt: move.to.startMs,
    endsAt: move.to.endMs,
    claimIds: granted.filter(({ sessionId }) => sessionId === row.id).map(({ id }) => id),
    actor,
    requestId,
  };
}
