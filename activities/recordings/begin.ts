import type { Knex } from 'knex';
import { type NewRecording, insertRecording } from '../../db/recordings.ts';
import { inTransaction } from '../../db/transaction.ts';
import { actingAs } from '../rooms/acting-as.ts';

/** Puts on record that a session is recorded, and by whose wish. */
export async function beginRecording(knex: Knex, recording: NewRecording): Promise<void> {
  const { id, sessionId, startedBy } = recording;
  const context = await actingAs(knex, startedBy);
  await inTransaction(knex, context, async (trx, audit) => {
    await insertRecording(trx, recording);
    audit({
      action: 'recording.start',
      objectType: 'recording',
      objectId: id,
      changes: { sessionId },
    });
  });
}
