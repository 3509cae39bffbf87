import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { lockAlert, writeStep } from '../../db/crisis-record.ts';
import type { WatchedRow } from '../../db/crisis-watch.ts';
import { readEscalationContext } from '../../db/on-call.ts';
import { insertOutboxRow } from '../../db/outbox.ts';
import { untilWon } from '../../db/transaction.ts';
import { advanceAlert } from '../../domain/alert.ts';

const HORIZON_MS = 60_000;

/**
 * A lease that is over, though its workflow has not seen to it, is over on the record: whoever is
 * paged now must be able to take the alert. Its workflow goes on from there when it is back.
 */
export async function reopenOnRecord(
  knex: Knex,
  { id: alertId, clinicId }: Pick<WatchedRow, 'id' | 'clinicId'>,
): Promise<void> {
  // Read side by side, as one connection can't, and before anybody waits for the row.
  const context = await readEscalationContext(knex, clinicId, Date.now(), HORIZON_MS);
  await untilWon(() =>
    knex.transaction(async (trx) => {
      const alert = await lockAlert(trx, alertId);
      if (alert?.state?.kind !== 'held') return;
      const nowMs = Date.now();
      const { state: before, holderId } = alert;
      const { state } = advanceAlert(context, before, { kind: 'tick' }, nowMs);
      if (state.kind !== 'paging') return;
      const version = alert.version + 1;
      const data = { because: 'lease_lapsed', from: holderId, byRecord: true };
      const line = { kind: 'reopened', atMs: nowMs, actorId: null, via: 'auditor', data };
      await writeStep(trx, alert, { state, version, mark: `auditor:${newId()}`, lines: [line] });
      await insertOutboxRow(trx, { topic: 'crisis.verb', clinicId, payload: { alertId, version } });
    }),
  );
}
