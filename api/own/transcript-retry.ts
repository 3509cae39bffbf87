import { wantTranscriptsAgain } from '../../db/transcripts.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSession } from '../sessions/open-session.ts';
import { transcriptStatus } from '../sessions/transcript-status.ts';

/** POST /api/v1/sessions/{id}/transcript/retry */
export async function retryTranscript(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { id, clinic_id: clinicId } = await openSession(call, 'retry_transcript');
  const isWanted = deps.rooms.speechEngine !== 'off';
  const context = auditContext(principal, requestId);
  const recordingIds = await inTransaction(deps.knex, context, async (trx, audit) => {
    const again = isWanted ? await wantTranscriptsAgain(trx, id) : [];
    for (const objectId of again) {
      const what = { objectType: 'recording', objectId, clinicId };
      audit({ action: 'transcript.retry', ...what, changes: { sessionId: id } });
    }
    return again;
  });
  const status = await transcriptStatus(deps, id);
  if (recordingIds.length > 0) return { status: 202, body: { id, ...status } };
  const { reason } = status;
  const message = isWanted
    ? 'Nothing failed that is worth asking for again.'
    : 'What is said is not transcribed in this installation.';
  throw new HoldfastError('wrong_state', message, { reason });
}
