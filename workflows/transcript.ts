import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type {
  HearingActivities,
  TranscriptActivities,
} from '../activities/transcripts/contract.ts';
import { type TranscriptFault, isTranscriptFault } from '../domain/transcript.ts';
import { BACKGROUND, LONG } from './activity-options.ts';
import { TRANSCRIPT_TASK_QUEUE } from './messages/task-queues.ts';
import type { TranscriptInput, TranscriptResult } from './messages/transcript.ts';

const { planTranscript, closeTranscript } = proxyActivities<TranscriptActivities>(BACKGROUND);
const { transcribeTrack } = proxyActivities<HearingActivities>({
  ...LONG,
  taskQueue: TRANSCRIPT_TASK_QUEUE,
});

/** What stands in the way of one track stands in the way of all. */
const FOR_ALL: ReadonlySet<TranscriptFault> = new Set([
  'consent_withdrawn',
  'recording_gone',
  'no_engine',
  'engine_refused',
]);

/**
 * Makes words of a recording, one person's track after the other. A track that can't be heard keeps no
 * other from being heard; where nobody may go on, nothing is.
 */
export async function transcriptWorkflow(input: TranscriptInput): Promise<TranscriptResult> {
  const { recordingId } = input;
  const { trackIds } = await planTranscript({ recordingId });
  let fault: TranscriptFault | null = null;
  for (const [at, trackId] of trackIds.entries()) {
    setCurrentDetails(`**hears** track ${at + 1} of ${trackIds.length}`);
    const met = await hear(recordingId, trackId);
    fault ??= met;
    if (met !== null && FOR_ALL.has(met)) break;
  }
  const closed = await closeTranscript({ recordingId, fault });
  setCurrentDetails(closed.fault === null ? '**ready**' : `**failed**: ${closed.fault}`);
  return closed;
}

async function hear(recordingId: string, trackId: string): Promise<TranscriptFault | null> {
  try {
    return (await transcribeTrack({ recordingId, trackId })).fault;
  } catch (error) {
    if (!(error instanceof ActivityFailure) || error.cause instanceof CancelledFailure) throw error;
    return faultOf(error.cause);
  }
}

function faultOf(cause: unknown): TranscriptFault {
  if (cause instanceof ApplicationFailure && isTranscriptFault(cause.type)) return cause.type;
  const isNobodyThere =
    cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_CLOSE';
  return isNobodyThere ? 'no_engine' : 'engine_failed';
}
