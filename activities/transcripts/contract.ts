import type { TranscriptFault } from '../../domain/transcript.ts';

export interface TranscriptOf {
  readonly recordingId: string;
}

/** What any worker can do about the words of a recording. All of it is safe to run twice. */
export interface TranscriptActivities {
  /** The tracks that are to be heard; none where there is nothing to do any more. */
  planTranscript(input: TranscriptOf): Promise<{ readonly trackIds: readonly string[] }>;
  /** Puts on record what has become of it, `fault` being the first that was met. */
  closeTranscript(
    input: TranscriptOf & { readonly fault: TranscriptFault | null },
  ): Promise<{ readonly fault: TranscriptFault | null }>;
}

/** What only a media host with an engine can do, on a task queue of their own. */
export interface HearingActivities {
  /**
   * Makes words of one track, from where it was left. Resolves to why it may not be gone on with, or
   * null where it is done. Fails with a fault's name as its type where that fault will stay.
   */
  transcribeTrack(
    input: TranscriptOf & { readonly trackId: string },
  ): Promise<{ readonly fault: TranscriptFault | null }>;
}
