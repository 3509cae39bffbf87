import type { PhraseGroup } from './language-pack.ts';
import type { Tag } from './lexicon.ts';
import type { Match } from './patterns.ts';
import { type Scene, type SentenceCue, type Voice, means } from './scene.ts';
import type { Subject } from './types.ts';

/** How far back the grammar of a phrase is looked for, in words. */
export const WINDOW = 8;

export type Denial = 'none' | 'partial' | 'full';

export function firstOf(match: Match<Tag>): number {
  return match.tokens[0] ?? 0;
}

/** Whose pain it is. Where grammar is silent it is the writer's: the safe reading. */
export function subjectOf(match: Match<Tag>, group: PhraseGroup, scene: Scene): Subject {
  if (group.subject !== undefined) return group.subject;
  const { tokens, lexicon } = scene;
  const { words } = lexicon;
  const own = match.tokens.map((at) => tokens[at]);
  if (group.category !== 'harm_to_others') {
    const isFirst = own.some(
      (token) => means(token, words.firstSelf) || means(token, words.firstPerson),
    );
    if (isFirst) return 'first';
    if (own.some((token) => means(token, words.secondSelf))) return 'second';
    if (own.some((token) => means(token, words.thirdSelf))) return 'third';
  }
  return grammaticalSubject(match, scene, 'sentence') ?? 'first';
}

/**
 * Whether grammar names the writer as the subject, where {@link subjectOf} would assume it; lines and
 * messages may go on where the ones before left off.
 */
export function isSaidOfOneself(match: Match<Tag>, scene: Scene): boolean {
  return grammaticalSubject(match, scene, 'stop') === 'first';
}

function grammaticalSubject(
  match: Match<Tag>,
  scene: Scene,
  unit: 'sentence' | 'stop',
): Subject | undefined {
  const { tokens, lexicon } = scene;
  const { words } = lexicon;
  const start = firstOf(match);
  const within = tokens[start]?.[unit];
  let isAfterBreak = false;
  let found: Subject | undefined;
  for (let at = start - 1; at >= Math.max(0, start - WINDOW); at -= 1) {
    const token = tokens[at];
    if (token === undefined || token[unit] !== within) break;
    // "I live with my mum and want to die": the one before the "and" may be the writer.
    if (means(token, words.firstPerson)) {
      if (found === undefined || isAfterBreak) return 'first';
    } else if (found === undefined) {
      if (means(token, words.clauseBreaks)) isAfterBreak = true;
      else if (means(token, words.thirdPerson)) found = 'third';
      else if (means(token, words.secondPerson)) found = 'second';
    }
  }
  if (found !== undefined) return found;
  return means(tokens[start], words.thirdPersonVerbs) ? 'third' : undefined;
}

/**
 * Whether a phrase is denied: a denial before it with nothing but carriers between. Two denials
 * are none, and so is one in another clause.
 */
export function denialOf(match: Match<Tag>, scene: Scene): Denial {
  const { tokens, lexicon, denialEnds } = scene;
  const { words } = lexicon;
  const start = firstOf(match);
  let denials = 0;
  let isPartial = false;
  let at = start - 1;
  let after = start;
  while (at >= 0 && start - at <= WINDOW && isSameClause(scene, at, after)) {
    const denial = denialEnds.get(at);
    if (denial !== undefined) {
      denials += 1;
      after = denial;
      at = denial - 1;
      continue;
    }
    if (!means(tokens[at], words.carriers) && !means(tokens[at], lexicon.fillers)) break;
    isPartial ||= means(tokens[at], words.partialDenial);
    after = at;
    at -= 1;
  }
  if (denials % 2 === 0) return isDeniedWithin(match, scene) ? 'full' : 'none';
  const end = (match.tokens.at(-1) ?? start) + 1;
  const later = tokens
    .slice(end, end + 3)
    .filter((token) => token.sentence === tokens[start]?.sentence);
  return isPartial || later.some((token) => means(token, words.partialDenial)) ? 'partial' : 'full';
}

/** How far after what is denied it may be put off: "until" right there, "maybe tomorrow" a little later. */
const DEFERRED_WITHIN = { word: 2, phrase: 5 } as const;

/** "Not today, but maybe tomorrow", "not until she is gone": denied for now alone. */
export function isDeferred(match: Match<Tag>, { tokens, deferrals }: Scene): boolean {
  const end = match.tokens.at(-1) ?? firstOf(match);
  for (let at = end + 1; at <= end + DEFERRED_WITHIN.phrase; at += 1) {
    const length = deferrals.get(at);
    const within = length === 1 ? DEFERRED_WITHIN.word : DEFERRED_WITHIN.phrase;
    if (length !== undefined && at - end <= within && tokens[at]?.stop === tokens[end]?.stop) {
      return true;
    }
  }
  return false;
}

/** "He has never hit me": a denial among the words that a phrase leaves open. */
function isDeniedWithin(match: Match<Tag>, scene: Scene): boolean {
  const { tokens, lexicon, denialEnds } = scene;
  return match.tokens.some((end, index) => {
    const from = match.tokens[index - 1] ?? end;
    for (let at = end - 1; at > from; at -= 1) {
      const begin = denialEnds.get(at);
      if (begin !== undefined) return begin > from;
      if (!means(tokens[at], lexicon.words.carriers) && !means(tokens[at], lexicon.fillers)) break;
    }
    return false;
  });
}

function isSameClause(scene: Scene, at: number, after: number): boolean {
  const later = scene.tokens[after];
  return (
    later?.sentence === scene.tokens[at]?.sentence &&
    (later?.breakBefore === 'none' || later?.isContinued === true)
  );
}

/** Whether the phrase is bound to a sign of intent: before it with carriers between, or among its own words. */
export function isIntended(match: Match<Tag>, scene: Scene): boolean {
  if (match.tokens.some((at) => scene.intentEnds.has(at))) return true;
  return isGovernedBy(scene.intentEnds, match, scene, false);
}

/** Whether the phrase is bound to a habit of the past in its own clause: "I quit. Want to die" is not. */
export function isHabitOfThePast(match: Match<Tag>, scene: Scene): boolean {
  return isGovernedBy(scene.habitEnds, match, scene, true);
}

function isGovernedBy(
  ends: ReadonlySet<number>,
  match: Match<Tag>,
  scene: Scene,
  isWithinClause: boolean,
): boolean {
  const { tokens, lexicon } = scene;
  const start = firstOf(match);
  for (let at = start - 1; at >= Math.max(0, start - WINDOW); at -= 1) {
    if (isWithinClause && !isSameClause(scene, at, at + 1)) return false;
    if (ends.has(at)) return true;
    const isCarrier =
      means(tokens[at], lexicon.words.carriers) || means(tokens[at], lexicon.fillers);
    if (!isCarrier) return false;
  }
  return false;
}

/** Whether the phrase, or the verb before it, is in the past; "have wanted" is not. */
export function isPast(match: Match<Tag>, scene: Scene): boolean {
  const { tokens, lexicon } = scene;
  const { words } = lexicon;
  const start = firstOf(match);
  const places = match.tokens.slice(0, 2);
  for (let at = start - 1; at >= Math.max(0, start - WINDOW / 2); at -= 1) {
    const isGoverning = [words.carriers, words.pastForms, lexicon.fillers].some((ids) =>
      means(tokens[at], ids),
    );
    if (!isSameClause(scene, at, at + 1) || !isGoverning) break;
    places.push(at);
  }
  const past = places.filter((at) => means(tokens[at], words.pastForms));
  return past.length > 0 && !past.some((at) => isPerfect(scene, at));
}

function isPerfect(scene: Scene, at: number): boolean {
  return scene.tokens
    .slice(Math.max(0, at - 2), at)
    .some((token) => means(token, scene.lexicon.words.perfect));
}

/** Whose voice the phrase is in: one's own where any of its words is. */
export function voiceOf(match: Match<Tag>, scene: Scene): Voice {
  const voices = match.tokens.map((at) => scene.voices[at] ?? 'own');
  if (voices.includes('own')) return 'own';
  return voices[0] ?? 'own';
}

/** Whether such a cue stands in the phrase's sentence. */
export function has(match: Match<Tag>, cue: SentenceCue, scene: Scene): boolean {
  const sentence = scene.tokens[firstOf(match)]?.sentence ?? -1;
  return scene.sentencesWith[cue].has(sentence);
}
