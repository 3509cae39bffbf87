import { findSeries } from '../../db/models/series.ts';
import { applyRevision } from '../../db/revisions.ts';
import { findOccurrence } from '../../db/series.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Actor, CancelAnswer } from '../../workflows/messages/session.ts';
import type { Call } from '../http/handler.ts';
import { editSeries } from './edit.ts';

/** Cancels an occurrence that has not been opened: nothing was paid, so nothing is owed. */
export async function cancelPlanned(
  call: Call,
  session: SessionRow,
  { personId, party }: Actor,
  revisionId?: string,
): Promise<CancelAnswer> {
  const occurrence = await findOccurrence(call.deps.knex, session.id);
  const series =
    occurrence === null ? null : await findSeries(call.deps.knex, occurrence.series_id);
  if (series === null || personId === null || party === 'system') {
    throw new HoldfastError('wrong_state', 'The session cannot be cancelled by itself.');
  }
  const scope = { kind: 'this', occurrenceId: session.id } as const;
  await editSeries(call, series, { kind: 'cancel', scope }, { personId, party });
  if (revisionId !== undefined) {
    await call.deps.knex.transaction((trx) => applyRevision(trx, revisionId, { isStep: true }));
  }
  return { status: 'cancelled', feeCents: 0, refundCents: 0, refund: 'none' };
}
