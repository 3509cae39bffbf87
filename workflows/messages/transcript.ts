import type { TranscriptFault } from '../../domain/transcript.ts';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const TRANSCRIPT_WORKFLOW = 'transcriptWorkflow';

/** The words of one recording. */
export interface TranscriptInput {
  readonly recordingId: string;
}

export interface TranscriptResult {
  /** Null where all of it is there, or nobody wants it. */
  readonly fault: TranscriptFault | null;
}
