import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { inTransaction } from '../../db/transaction.ts';
import {
  beginTranscript,
  endTranscript,
  forgetRecordingsWords,
  planOfTranscript,
} from '../../db/transcripts.ts';
import type { TranscriptFault, TranscriptState } from '../../domain/transcript.ts';
import type { TranscriptActivities } from './contract.ts';

const OPEN: ReadonlySet<TranscriptState> = new Set(['pending', 'running']);

/** The record of a recording's words, for the workflow that has them made. */
export function createTranscriptActivities({
  knex,
}: {
  readonly knex: Knex;
}): TranscriptActivities {
  return {
    planTranscript: async ({ recordingId }) => {
      const plan = await planOfTranscript(knex, recordingId);
      if (plan === null || plan.obstacle !== null || !OPEN.has(plan.state)) return { trackIds: [] };
      await beginTranscript(knex, recordingId);
      return { trackIds: plan.trackIds };
    },
    closeTranscript: async ({ recordingId, fault: met }) => {
      const plan = await planOfTranscript(knex, recordingId);
      if (plan === null || !OPEN.has(plan.state)) return { fault: met };
      const fault = plan.obstacle ?? met;
      await close(knex, recordingId, fault);
      return { fault };
    },
  };
}

/** What was heard before somebody took back their consent goes with it. */
async function close(
  knex: Knex,
  recordingId: string,
  fault: TranscriptFault | null,
): Promise<void> {
  await inTransaction(knex, { actor: SYSTEM_ACTOR, requestId: null }, async (trx, audit) => {
    const ended = await endTranscript(trx, recordingId, fault);
    if (ended === null) return;
    if (fault === 'consent_withdrawn') await forgetRecordingsWords(trx, recordingId);
    audit({
      action: fault === null ? 'transcript.ready' : 'transcript.fail',
      objectType: 'recording',
      objectId: recordingId,
      clinicId: ended.clinicId,
      changes: { sessionId: ended.sessionId, ...(fault === null ? {} : { reason: fault }) },
    });
  });
}
