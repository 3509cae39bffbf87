import { type Folded, fold } from './fold.ts';
import { isBrokenOff } from './fragments.ts';
import { gradeMatch } from './grade.ts';
import type { LanguagePack } from './language-pack.ts';
import { LANGUAGES } from './languages/index.ts';
import { type Lexicon, type Tag, buildLexicon } from './lexicon.ts';
import { Meter, TimeLimitError, WorkLimitError } from './meter.ts';
import type { Match } from './patterns.ts';
import { Recall, RecallOf } from './recall.ts';
import { type Reading, type Scene, readScene } from './scene.ts';
import { isSaidOfOneself } from './surroundings.ts';
import { isCompleted } from './together.ts';
import { SEVERITIES } from './types.ts';
import type {
  Detection,
  Evidence,
  FailedDetection,
  SafeDetection,
  Span,
  TriageContext,
} from './types.ts';

/** Longer texts are read at both ends, in UTF-16 units; what lies between is reported unread. */
export const LONGEST_TEXT = 120_000;
/** How many earlier messages of the sender are read along, and how much of them at most. */
export const PREVIOUS_MESSAGES = 5;
const LONGEST_PREVIOUS = 2_000;
const MOST_EVIDENCE = 25;
const MOST_KEPT = 1_000;

export type Detect = (text: string, context?: TriageContext) => Detection;
type IsWorthReading = typeof isCompleted;

/**
 * A detector for some languages; each text is read in all of them and the gravest reading counts.
 * `isWorthReading` only spares readings that find nothing: with one that always says yes the
 * detector finds the same.
 */
export function createDetector(
  packs: readonly LanguagePack[],
  isWorthReading: IsWorthReading = isCompleted,
): Detect {
  const readers = packs.map((pack): Reader => ({
    lexicon: buildLexicon(pack),
    alone: new RecallOf<Folded, readonly Finding[]>(),
  }));
  return (text, context = {}) => run(text, context, readers, isWorthReading);
}

interface Reader {
  readonly lexicon: Lexicon;
  /** What was found in a message by itself: whoever waits for nobody has it read so before. */
  readonly alone: RecallOf<Folded, readonly Finding[]>;
}

let shared: Detect | undefined;

/**
 * Looks for language of crisis. Deterministic and without any model: the same texts give the same
 * answer. Throws where {@link safeDetect} reports a failure; callers on the way of a message use
 * that one.
 */
export function detect(text: string, context: TriageContext = {}): Detection {
  shared ??= createDetector(LANGUAGES);
  return shared(text, context);
}

/**
 * As {@link detect}, but never throws: whatever goes wrong comes out as `failed: true`, and the
 * caller takes the text to a human.
 */
export function safeDetect(
  text: string,
  context: TriageContext = {},
  detector: Detect = detect,
): SafeDetection {
  try {
    return detector(text, context);
  } catch (error) {
    if (error instanceof TimeLimitError) return failure('time_limit');
    return failure(error instanceof WorkLimitError ? 'work_limit' : 'error');
  }
}

function failure(reason: FailedDetection['reason']): FailedDetection {
  return { failed: true, severity: 'high', category: null, evidence: [], reason };
}

function run(
  text: string,
  context: TriageContext,
  readers: readonly Reader[],
  isWorthReading: IsWorthReading,
): Detection {
  const { previous = [], isOverdue } = context;
  const { readable, isTruncated } = readableParts(text);
  const earlier = previous.slice(-PREVIOUS_MESSAGES).map((other) => other.slice(-LONGEST_PREVIOUS));
  const texts = [...earlier, readable];
  const characters = texts.reduce((sum, part) => sum + part.length, 0);
  const meter = new Meter(characters * 3 * readers.length, isOverdue);
  const find = (reading: Reading, lexicon: Lexicon): Finding[] =>
    evidenceOf(readScene(reading, lexicon, meter), texts, meter);
  const own = folded(readable, meter);
  // Alone, so that an earlier "I don't" takes nothing back.
  const alone = readers.map((reader) =>
    reader.alone.get(own, meter, () => find({ messages: [own], isGlued: false }, reader.lexicon)),
  );
  const messages = [...earlier, readable.slice(0, LONGEST_PREVIOUS)].map((part) =>
    folded(part, meter),
  );
  const isMoreToFind =
    earlier.length > 0 &&
    (alone.some(({ length }) => length > 0) ||
      readers.some(({ lexicon }) => isWorthReading(messages, lexicon, meter)));
  const found = readers.flatMap(({ lexicon }, at) => [
    ...alone[at]!,
    ...(isMoreToFind
      ? readingsOf(messages, lexicon).flatMap((reading) => find(reading, lexicon))
      : []),
  ]);
  return conclude(found, isTruncated, meter.steps);
}

/** A text's beginning with what came before, as words of their own and as words that were broken off. */
function readingsOf(messages: readonly Folded[], { vocabulary }: Lexicon): Reading[] {
  const apart: Reading = { messages, isGlued: false };
  return isBrokenOff(messages, vocabulary) ? [apart, { messages, isGlued: true }] : [apart];
}

/** Who writes a message has those before it read again: they are kept for a while. */
const lately = new Recall<Folded>(MOST_KEPT);

function folded(text: string, meter: Meter): Folded {
  if (text.length > LONGEST_PREVIOUS) return fold(text, meter);
  return lately.get(text, meter, () => fold(text, meter));
}

interface Finding {
  readonly evidence: Evidence;
  readonly isMeans: boolean;
  readonly isDiscounted: boolean;
  /** It came wholly before the text, and was found when it came. */
  readonly isEarlier: boolean;
}

function evidenceOf(scene: Scene | null, texts: readonly string[], meter: Meter): Finding[] {
  if (scene === null) return [];
  return scene.phrases.flatMap((match): Finding[] => {
    meter.tick(match.tokens.length);
    const { tag } = match.pattern;
    if (tag.kind !== 'phrase') return [];
    if (tag.group.isPersonal === true && !isSaidOfOneself(match, scene)) return [];
    const { isDiscounted, ...grade } = gradeMatch(match, tag.group, scene);
    const evidence: Evidence = {
      ...grade,
      phrase: match.pattern.source,
      language: scene.lexicon.code,
      isExplicit: tag.group.isExplicit,
      spans: spansOf(match, scene, texts),
    };
    const isEarlier = !match.tokens.some((at) => scene.tokens[at]?.message === 0);
    return [{ evidence, isMeans: tag.group.kind === 'means', isDiscounted, isEarlier }];
  });
}

/** One span in each message that the match touches. */
function spansOf(match: Match<Tag>, scene: Scene, texts: readonly string[]): Span[] {
  const byMessage = new Map<number, { start: number; end: number }>();
  for (const at of match.tokens) {
    const token = scene.tokens[at];
    if (token === undefined) continue;
    const span = byMessage.get(token.message) ?? { start: token.start, end: token.end };
    byMessage.set(token.message, {
      start: Math.min(span.start, token.start),
      end: Math.max(span.end, token.end),
    });
  }
  return [...byMessage].map(([message, { start, end }]) => {
    const text = texts[texts.length - 1 + message] ?? '';
    return { message, start, end, text: text.slice(start, end) };
  });
}

function conclude(found: readonly Finding[], isTruncated: boolean, steps: number): Detection {
  const meant = withMeansAtHand(found.filter(({ isDiscounted }) => !isDiscounted));
  const kept = meant.filter(({ isEarlier }) => !isEarlier);
  const dismissed = found.filter(({ isDiscounted, isEarlier }) => isDiscounted && !isEarlier);
  const evidence = gravestFirst(kept);
  const gravest = evidence[0];
  return {
    failed: false,
    severity: gravest?.severity ?? (isTruncated ? 'low' : 'none'),
    category: gravest?.category ?? null,
    evidence,
    discounted: gravestFirst(dismissed),
    isTruncated,
    steps,
  };
}

/** Means are grave beside thoughts of death, earlier ones too (C-SSRS 4 and 5); of note without. */
function withMeansAtHand(found: readonly Finding[]): Finding[] {
  const hasThoughts = found.some(
    ({ evidence, isMeans }) =>
      !isMeans &&
      evidence.severity !== 'low' &&
      evidence.subject === 'first' &&
      (evidence.category === 'suicidal_ideation' || evidence.category === 'plan_or_means'),
  );
  if (!hasThoughts) return [...found];
  return found.map((finding) => {
    if (!finding.isMeans || finding.evidence.subject !== 'first') return finding;
    const adjustments = [...finding.evidence.adjustments, 'means_at_hand' as const];
    return { ...finding, evidence: { ...finding.evidence, severity: 'critical', adjustments } };
  });
}

function gravestFirst(found: readonly Finding[]): Evidence[] {
  const unique = new Map<string, Evidence>();
  for (const { evidence } of found) {
    const place = evidence.spans.map(({ message, start, end }) => [message, start, end]).join();
    const key = `${evidence.category} ${evidence.severity} ${place}`;
    if (!unique.has(key)) unique.set(key, evidence);
  }
  return [...unique.values()]
    .toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity))
    .slice(0, MOST_EVIDENCE);
}

/** Blanks stand for what is left out of a text beyond the limit, so that offsets hold. */
function readableParts(text: string): { readable: string; isTruncated: boolean } {
  if (text.length <= LONGEST_TEXT) return { readable: text, isTruncated: false };
  const half = LONGEST_TEXT / 2;
  const unread = ' '.repeat(text.length - LONGEST_TEXT);
  return { readable: text.slice(0, half) + unread + text.slice(-half), isTruncated: true };
}
