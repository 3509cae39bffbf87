import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { changeSeries, lockSeries } from '../../db/models/series.ts';
import { noteSeries, occurrencesOf } from '../../db/series.ts';
import { recordSimply } from '../../db/session-transitions.ts';
import { stateOf } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { decide } from '../../domain/session.ts';

/** Ends a series whose request nobody answered in time, and frees its times. False when one did. */
export async function lapseSeries(knex: Knex, seriesId: string): Promise<boolean> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const series = await lockSeries(trx, seriesId);
    const now = Date.now();
    const dueAt = series?.answer_due_at?.getTime() ?? Infinity;
    if (series?.status !== 'requested' || dueAt > now) return false;
    for (const occurrence of await occurrencesOf(trx, seriesId)) {
      const lapse = { type: 'deadline_passed', deadline: 'answer' } as const;
      // Its own deadline is that of the series, to the millisecond at most.
      const decision = decide(stateOf(occurrence), lapse, Math.max(now, dueAt));
      if (decision.kind !== 'moved') continue;
      const step = {
        sessionId: occurrence.id,
        version: occurrence.version + 1,
        state: decision.state,
        claims: { kind: 'release' },
        event: 'expired',
        actorId: null,
        data: { by: 'system' },
      } as const;
      await recordSimply(trx, step, context);
    }
    await changeSeries(trx, series, { status: 'expired', answer_due_at: null });
    await noteSeries(trx, seriesId, 'expired', series.version + 1);
    audit({
      action: 'series.expired',
      objectType: 'series',
      objectId: seriesId,
      clinicId: series.clinic_id,
      subjectId: series.client_id,
    });
    return true;
  });
}
