import type { Cues, LanguagePack, PhraseGroup } from './language-pack.ts';
import { PatternNeeds } from './needs.ts';
import { PatternCompiler } from './pattern-compiler.ts';
import { type Manner, type Pattern, PatternIndex } from './patterns.ts';
import { Vocabulary } from './vocabulary.ts';
import { WordMarks } from './word-marks.ts';

const CUE_PHRASES = [
  'denials',
  'deferrals',
  'hollowDenials',
  'intent',
  'soon',
  'pastHabits',
  'longAgo',
  'recent',
  'identifying',
] as const satisfies readonly (keyof Cues)[];

const CUE_WORDS = [
  'firstPerson',
  'secondPerson',
  'thirdPerson',
  'thirdPersonVerbs',
  'owning',
  'writer',
  'firstSelf',
  'secondSelf',
  'thirdSelf',
  'carriers',
  'partialDenial',
  'clauseBreaks',
  'pastForms',
  'perfect',
  'continuing',
  'fiction',
  'titled',
  'speech',
] as const satisfies readonly (keyof Cues)[];

export type CuePhrase = (typeof CUE_PHRASES)[number];
export type CueWord = (typeof CUE_WORDS)[number];

export type Tag =
  | { readonly kind: 'phrase'; readonly group: PhraseGroup }
  | { readonly kind: 'idiom' }
  | { readonly kind: 'cue'; readonly cue: CuePhrase };

/** A language pack made ready for use; built once. */
export interface Lexicon {
  readonly code: string;
  readonly vocabulary: Vocabulary;
  readonly phrases: PatternIndex<Tag>;
  /** Idioms and cues: what grades the phrases. */
  readonly surroundings: PatternIndex<Tag>;
  readonly needs: PatternNeeds<Tag>;
  readonly words: Readonly<Record<CueWord, ReadonlySet<number>>>;
  readonly fillers: ReadonlySet<number>;
}

/** Throws a RangeError for a phrase or class that is written wrongly. */
export function buildLexicon(pack: LanguagePack): Lexicon {
  const vocabulary = new Vocabulary(wordsOf(pack.ordinary), pack.expansions);
  const compiler = new PatternCompiler(pack, vocabulary);
  const phrases = pack.phrases.flatMap((group) =>
    group.phrases.map((source) =>
      compiler.compile<Tag>(source, { kind: 'phrase', group }, GUESSED),
    ),
  );
  const surroundings: Pattern<Tag>[] = [
    ...pack.idioms.phrases.map((source) =>
      compiler.compile<Tag>(source, { kind: 'idiom' }, WITHIN_CLAUSE),
    ),
    ...CUE_PHRASES.flatMap((cue) =>
      pack.cues[cue].map((source) =>
        compiler.compile<Tag>(source, { kind: 'cue', cue }, mannerOf(cue)),
      ),
    ),
  ];
  const idsOf = (words: string): Set<number> => compiler.ids(wordsOf(words).join('|'));
  const fillers = idsOf(pack.fillers);
  const marks = new WordMarks(() => vocabulary.size);
  const words = Object.fromEntries<ReadonlySet<number>>(
    CUE_WORDS.map((name) => [name, idsOf(pack.cues[name])]),
  ) as Lexicon['words'];
  return {
    code: pack.code,
    vocabulary,
    phrases: new PatternIndex(phrases, fillers, marks),
    surroundings: new PatternIndex(surroundings, fillers, marks),
    needs: new PatternNeeds(phrases, marks),
    words,
    fillers,
  };
}

const GUESSED: Manner = { isStrict: false, isWithinClause: false };
const WITHIN_CLAUSE: Manner = { isStrict: true, isWithinClause: true };

/** What lets a match vanish is spelled right and said at a stretch; what makes it graver may be guessed. */
function mannerOf(cue: CuePhrase): Manner {
  if (cue === 'intent' || cue === 'soon') return GUESSED;
  const isDismissing = cue === 'denials' || cue === 'pastHabits';
  return { isStrict: true, isWithinClause: isDismissing };
}

function wordsOf(list: string): string[] {
  return list.split(/\s+/u).filter((word) => word !== '');
}
