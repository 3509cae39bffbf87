import type { Folded } from './fold.ts';
import type { CuePhrase, CueWord, Lexicon, Tag } from './lexicon.ts';
import type { Meter } from './meter.ts';
import type { Match } from './patterns.ts';
import { type Quote, findQuotes } from './quotes.ts';
import { RecallOf } from './recall.ts';
import { type Token, tokenise } from './tokens.ts';

/** How a token stands in a quotation. */
export type Voice = 'own' | 'quoted' | 'quoted_third';

/** Some messages read in one language: their words, and what the surroundings say of each. */
export interface Scene {
  readonly lexicon: Lexicon;
  readonly tokens: readonly Token[];
  readonly phrases: readonly Match<Tag>[];
  /** The idioms that a token belongs to. */
  readonly idiomsAt: ReadonlyMap<number, readonly Match<Tag>[]>;
  /** Last tokens of denials that do deny, with where each begins. */
  readonly denialEnds: ReadonlyMap<number, number>;
  /** Last tokens of signs of intent. */
  readonly intentEnds: ReadonlySet<number>;
  readonly habitEnds: ReadonlySet<number>;
  /** First tokens of words that put off what was denied, with how many tokens each has. */
  readonly deferrals: ReadonlyMap<number, number>;
  readonly sentencesWith: Readonly<Record<SentenceCue, ReadonlySet<number>>>;
  readonly voices: readonly Voice[];
}

export type SentenceCue = 'soon' | 'longAgo' | 'recent' | 'identifying' | 'fiction' | 'continuing';

export interface Reading {
  readonly messages: readonly Folded[];
  /** Whether a message may go on in the middle of a word of the one before. */
  readonly isGlued: boolean;
}

/** Null where no phrase matches. */
export function readScene(reading: Reading, lexicon: Lexicon, meter: Meter): Scene | null {
  const { messages, isGlued } = reading;
  const tokens = tokenise(messages, lexicon.vocabulary, meter, isGlued);
  const phrases = lexicon.phrases.find(tokens, meter);
  if (phrases.length === 0) return null;
  const around = lexicon.surroundings.find(tokens, meter);
  const byCue = new Map<CuePhrase, Match<Tag>[]>();
  for (const match of around) {
    const { tag } = match.pattern;
    if (tag.kind === 'cue') push(byCue, tag.cue, match);
  }
  const cues = (cue: CuePhrase): readonly Match<Tag>[] => byCue.get(cue) ?? [];
  const hollow = new Set(cues('hollowDenials').flatMap((match) => match.tokens));
  const sentences = (found: readonly Match<Tag>[]): Set<number> =>
    new Set(found.map((match) => tokens[match.tokens[0] ?? 0]?.sentence ?? -1));
  const withWord = (word: CueWord): Set<number> => sentencesWith(tokens, lexicon.words[word]);
  return {
    lexicon,
    tokens,
    phrases,
    idiomsAt: idiomsByToken(around),
    denialEnds: new Map(
      cues('denials')
        .filter((match) => !match.tokens.some((at) => hollow.has(at)))
        .map((match) => [match.tokens.at(-1) ?? -1, match.tokens[0] ?? -1]),
    ),
    intentEnds: new Set(cues('intent').map((match) => match.tokens.at(-1) ?? -1)),
    deferrals: new Map(
      cues('deferrals').map((match) => [match.tokens[0] ?? -1, match.tokens.length]),
    ),
    habitEnds: new Set(cues('pastHabits').map((match) => match.tokens.at(-1) ?? -1)),
    sentencesWith: {
      soon: sentences(cues('soon')),
      longAgo: sentences(cues('longAgo')),
      recent: sentences(cues('recent')),
      identifying: sentences(cues('identifying')),
      fiction: withWord('fiction'),
      continuing: withWord('continuing'),
    },
    voices: voicesOf(tokens, messages, lexicon, meter),
  };
}

function sentencesWith(tokens: readonly Token[], ids: ReadonlySet<number>): Set<number> {
  const sentences = new Set<number>();
  for (const token of tokens) if (means(token, ids)) sentences.add(token.sentence);
  return sentences;
}

/** Whether the word, spelled right, is one of these. */
export function means(token: Token | undefined, ids: ReadonlySet<number>): boolean {
  if (token === undefined) return false;
  for (const id of token.exact) if (ids.has(id)) return true;
  return false;
}

function idiomsByToken(matches: readonly Match<Tag>[]): Map<number, Match<Tag>[]> {
  const idioms = new Map<number, Match<Tag>[]>();
  for (const match of matches) {
    if (match.pattern.tag.kind !== 'idiom') continue;
    for (const at of match.tokens) push(idioms, at, match);
  }
  return idioms;
}

const SPEAKER_WINDOW = 8;
const quotes = new RecallOf<Folded, readonly Quote[]>();

/** Whose voice each token is: in quotation marks it may be somebody else's. */
function voicesOf(
  tokens: readonly Token[],
  messages: readonly Folded[],
  lexicon: Lexicon,
  meter: Meter,
): Voice[] {
  const voices = tokens.map((): Voice => 'own');
  for (const [index, folded] of messages.entries()) {
    const message = index - messages.length + 1;
    let from = tokens.findIndex((token) => token.message === message);
    if (from === -1) continue;
    const found = quotes.get(folded, meter, () => findQuotes(folded, meter));
    for (const quote of found) {
      while (isBefore(tokens[from], message, quote.start)) from += 1;
      let to = from;
      while (isBefore(tokens[to], message, quote.end)) to += 1;
      voices.fill(speakerOf(tokens, from, to, lexicon), from, to);
      from = to;
    }
  }
  return voices;
}

function isBefore(token: Token | undefined, message: number, offset: number): boolean {
  return token !== undefined && token.message === message && token.start < offset;
}

/** Who says what stands between two tokens: "he said", "she wrote" nearby; unknown is one's own. */
function speakerOf(tokens: readonly Token[], from: number, to: number, lexicon: Lexicon): Voice {
  const { words } = lexicon;
  const around = [
    ...tokens.slice(Math.max(0, from - SPEAKER_WINDOW), from),
    ...tokens.slice(to, to + SPEAKER_WINDOW / 2),
  ];
  if (!around.some((token) => means(token, words.speech))) return 'quoted';
  const speaker = around.find(
    (token) => means(token, words.firstPerson) || means(token, words.thirdPerson),
  );
  return means(speaker, words.thirdPerson) ? 'quoted_third' : 'quoted';
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
