/** How far the words of a recording are. */
export type TranscriptState = 'pending' | 'running' | 'ready' | 'failed' | 'expired';

/**
 * Why there are no words, or not all: somebody has taken back their consent; the recording is gone;
 * no engine was there in time, did not accept our requests, or did not answer as it should; or the
 * sound could not be read.
 */
export const TRANSCRIPT_FAULTS = [
  'consent_withdrawn',
  'recording_gone',
  'no_engine',
  'engine_refused',
  'engine_failed',
  'sound_unreadable',
] as const;
export type TranscriptFault = (typeof TRANSCRIPT_FAULTS)[number];

/** What may be over by now, so that it is worth asking again. */
export const PASSING_FAULTS = [
  'no_engine',
  'engine_refused',
  'engine_failed',
  'sound_unreadable',
] as const satisfies readonly TranscriptFault[];

export function isTranscriptFault(value: unknown): value is TranscriptFault {
  return TRANSCRIPT_FAULTS.some((known) => known === value);
}

/** A stretch of time, epoch ms; an end of null has not come. */
export interface Stretch {
  readonly from: number;
  readonly to: number | null;
}

/** What decides who may read something that was said. */
export interface Hearing {
  readonly speakerId: string;
  /** When it was said, epoch ms. */
  readonly at: number;
}

export interface Hearer {
  readonly personId: string;
  /** The session's own host, whose record all of it is. */
  readonly isTherapist: boolean;
  /** When they were inside, in the main room or a breakout. */
  readonly inside: readonly Stretch[];
  /** When something that they sent was recorded, and so when they were in the main room for certain. */
  readonly recorded: readonly Stretch[];
}

export interface HearingTerms {
  /** When the session had breakouts: who is inside then may be elsewhere. */
  readonly breakouts: readonly Stretch[];
  /** Whoever comes later is shown what was before. */
  readonly isShownToLater: boolean;
}

/**
 * Who may read what was said in the main room: whoever was there; also who came later, where the
 * session's plan says so. While there are breakouts, only who was certainly not in one.
 */
export function mayReadSpoken(said: Hearing, reader: Hearer, terms: HearingTerms): boolean {
  if (reader.isTherapist || said.speakerId === reader.personId) return true;
  const isThen = ({ from, to }: Stretch): boolean =>
    from <= said.at && (to === null || said.at <= to);
  if (reader.recorded.some(isThen)) return true;
  if (terms.breakouts.some(isThen)) return false;
  if (reader.inside.some(isThen)) return true;
  return terms.isShownToLater && reader.inside.some(({ from }) => from > said.at);
}

/** Pieces are cut where it is quiet within the last so much of them, ms, and not in the midst of a word. */
const LOOK_BACK_MS = 10_000;
const QUIET_MS = 300;

/**
 * Where to cut sound that goes on, in samples from its beginning: in the middle of the quietest
 * stretch of its last seconds. The same sound is always cut in the same place.
 */
export function quietCut(samples: Int16Array, samplesPerMs: number): number {
  const window = QUIET_MS * samplesPerMs;
  const first = Math.max(samples.length - LOOK_BACK_MS * samplesPerMs, 0);
  let best = { at: samples.length, loudness: Number.POSITIVE_INFINITY };
  for (let start = first; start + window <= samples.length; start += window / 2) {
    let loudness = 0;
    for (let at = start; at < start + window; at += 1) loudness += Math.abs(samples[at]!);
    if (loudness < best.loudness) best = { at: start + window / 2, loudness };
  }
  return best.at;
}

/**
 * What was written and what was said, in one order. Written words keep theirs, whatever the clocks of
 * their hosts say; spoken ones come where their time is among them.
 */
export function inOneOrder<W extends { readonly at: number }, S extends { readonly at: number }>(
  written: readonly W[],
  spoken: readonly S[],
): (W | S)[] {
  const merged: (W | S)[] = [];
  let next = 0;
  for (const one of written) {
    while (next < spoken.length && spoken[next]!.at <= one.at) merged.push(spoken[next++]!);
    merged.push(one);
  }
  return [...merged, ...spoken.slice(next)];
}
