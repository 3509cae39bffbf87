import { openOccurrences } from '../../activities/series/opening.ts';
import { type SeriesRow, changeSeries, lockSeries } from '../../db/models/series.ts';
import { noteSeries, occurrencesOf } from '../../db/series.ts';
import { recordSimply } from '../../db/session-transitions.ts';
import { stateOf } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { decide } from '../../domain/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';

type Answer = 'approve' | 'decline';

/** The therapist's one answer to a series that a client has asked for. */
export async function answerSeries(call: Call, seen: SeriesRow, answer: Answer): Promise<void> {
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  await inTransaction(deps.knex, context, async (trx, audit) => {
    const series = (await lockSeries(trx, seen.id))!;
    if (!isOpen(series, answer)) return;
    for (const occurrence of await occurrencesOf(trx, series.id)) {
      const decision = decide(stateOf(occurrence), { type: answer }, Date.now());
      if (decision.kind !== 'moved') continue;
      const name = answer === 'approve' ? 'approved' : 'declined';
      const step = {
        sessionId: occurrence.id,
        version: occurrence.version + 1,
        state: decision.state,
        claims: { kind: answer === 'approve' ? 'keep' : 'release' },
        event: name,
        actorId: principal.personId,
        data: { by: 'therapist' },
      } as const;
      if ((await recordSimply(trx, step, context)) !== 'recorded') throw tooLate();
    }
    const isApproval = answer === 'approve';
    await changeSeries(trx, series, {
      status: isApproval ? 'active' : 'declined',
      approval: isApproval ? 'given' : 'awaited',
      answer_due_at: null,
    });
    await noteSeries(trx, series.id, isApproval ? 'approved' : 'declined', series.version + 1);
    audit({
      action: `series.${answer}`,
      objectType: 'series',
      objectId: series.id,
      subjectId: series.client_id,
    });
  });
  await openOccurrences(deps, seen.id).catch((error: unknown) => {
    // They stand; the next run opens them.
    call.log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'not opened yet');
  });
}

/** False where the same answer was given before. Throws where there is nothing to answer. */
function isOpen({ status, approval }: SeriesRow, answer: Answer): boolean {
  if (status === 'requested') return true;
  const isRepeated =
    answer === 'approve' ? status === 'active' && approval === 'given' : status === 'declined';
  if (isRepeated) return false;
  throw new HoldfastError('wrong_state', 'The series does not wait for an answer.');
}

/** By the database's clock the times were over before the answer came. */
function tooLate(): HoldfastError {
  return new HoldfastError('wrong_state', 'The request has lapsed; its times are free again.');
}
