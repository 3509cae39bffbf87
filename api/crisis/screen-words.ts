import { performance } from 'node:perf_hooks';
import { type Detect, detect, safeDetect } from '../../domain/triage/detect.ts';
import { type Screening, screeningOf } from '../../domain/triage/screen.ts';
import { type Detection, SEVERITIES } from '../../domain/triage/types.ts';
import { textsIn } from './as-written.ts';

/** Read as words, the letters and digits of an id can spell a plan to die. */
const ID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/** Reading even the longest text takes a fraction of this; past it a human reads instead, ms. */
const READING_LIMIT_MS = 2_000;

export interface ScreenOptions {
  /** The same sender's messages before this one, oldest first; the last five are looked at. */
  readonly previous?: readonly string[];
  /** In place of the real detector, for tests of its failure. */
  readonly detector?: Detect;
  /** Milliseconds of any monotonous clock. */
  readonly nowMs?: () => number;
}

/**
 * Looks for language of crisis in what somebody sent, before anything may refuse it. `words` is a
 * text, several (`[title, description]`), or a whole body that nothing has checked yet: every text
 * in it is read, but ids, both as one with the others and apart from them. Never throws: a detector
 * that throws or takes longer than two seconds comes out as severity `high` of type
 * `detector_failure`.
 *
 * Where `severity` is not null the caller raises an alert with it and with `type`; `flags` are codes
 * that may be stored and shown. `finding.evidence` holds the sender's words: sealed at rest, never
 * logged.
 */
export function screenWords(words: unknown, options: ScreenOptions = {}): Screening {
  const { previous = [], detector = detect, nowMs = () => performance.now() } = options;
  const dueMs = nowMs() + READING_LIMIT_MS;
  const isOverdue = (): boolean => nowMs() > dueMs;
  // Gathering the texts happens within the detector's guard: a value may be hostile, too.
  const gather: Detect = (_, context) => {
    const texts = textsIn(words)
      .map((text) => text.replaceAll(ID, ' '))
      .filter((text) => text.trim() !== '');
    const together = detector(texts.join('\n'), context);
    if (texts.length < 2) return together;
    return graver(together, detector(texts.join(FULL_STOP), { isOverdue }));
  };
  return screeningOf(safeDetect('', { previous, isOverdue }, gather));
}

/**
 * A cry may go on from field to field, and is read so; yet what stands in one field explains nothing
 * away in another, and so they are read as sentences of their own as well.
 */
const FULL_STOP = '\n.\n';

function graver(one: Detection, other: Detection): Detection {
  return rankOf(other) > rankOf(one) ? other : one;
}

function rankOf({ severity }: Detection): number {
  return severity === 'none' ? -1 : SEVERITIES.indexOf(severity);
}

/** Made ready while the process starts: the first message doesn't wait for it. */
export function warmUpScreening(): void {
  screenWords('hello');
}
