import { assertNever } from '../../domain/assert-never.ts';
import type { SpeechSettings } from '../../config/types.ts';

/** How far the local engine is: it comes while everything runs already. */
export type EngineArrival =
  | { readonly state: 'coming' }
  | { readonly state: 'there' }
  | { readonly state: 'missing'; readonly why: string };

export interface TranscriptMeans {
  readonly engine: SpeechSettings['engine'];
  readonly isRecording: boolean;
  readonly arrival: EngineArrival;
}

/** Whether words are made of recordings and by what, in words for a person. */
export function transcriptWords({ engine, isRecording, arrival }: TranscriptMeans): string {
  if (engine === 'off') return 'off, by SPEECH_TO_TEXT';
  if (!isRecording) return 'off: nothing is recorded';
  if (engine === 'service') return 'on, by the service at SPEECH_URL';
  switch (arrival.state) {
    case 'there':
      return 'on, by a local engine (English alone)';
    case 'coming':
      return 'wait for a local engine (English alone), which is on its way';
    case 'missing':
      return `off: ${arrival.why}`;
    default:
      return assertNever(arrival);
  }
}
