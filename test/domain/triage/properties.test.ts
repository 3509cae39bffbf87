import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDetector, detect, safeDetect } from '../../../domain/triage/detect.ts';
import { ENGLISH } from '../../../domain/triage/languages/en/index.ts';
import { stepLimit } from '../../../domain/triage/meter.ts';
import { PARAPHRASES } from './paraphrases.ts';
import { EXPLICIT, STILL_MEANT } from './phrases-crisis.ts';
import { READER_GROUPS } from './second-reader.ts';
import { THIRD_READER } from './third-reader.ts';

// Found faults go into the tables; a build doesn't depend on the luck of the draw.
fc.configureGlobal({ seed: 20_261_121 });

/** What was said outright in any table, whoever wrote it. */
const OUTRIGHT = [
  ...EXPLICIT.map(([text]) => text),
  ...[...READER_GROUPS, ...THIRD_READER].flatMap(({ least, texts }) =>
    least === undefined ? [] : texts,
  ),
  ...PARAPHRASES,
];
/** Disguising twice what is disguised already leaves nothing to read. */
const PLAIN = OUTRIGHT.filter((text) => !/[a-z][\d@!*]|mysefl|wnat/iu.test(text));
const TEXTS = [...OUTRIGHT, ...STILL_MEANT.map(([text]) => text)];
const statement = fc.constantFrom(...PLAIN);
const RUNS = { numRuns: 1_500 };
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ORDINARY = new Set(ENGLISH.ordinary.split(/\s+/u));

/** Low is a note in the margin: a statement counts as found from medium on. */
function isFound(text: string, previous: readonly string[] = []): boolean {
  const { severity } = detect(text, { previous });
  return severity !== 'none' && severity !== 'low';
}

type Edit = (word: string, at: number, letter: string) => string;
const EDITS: readonly Edit[] = [
  (word, at) => word.slice(0, at) + word.slice(at + 1),
  (word, at, letter) => word.slice(0, at) + letter + word.slice(at),
  (word, at, letter) => word.slice(0, at) + letter + word.slice(at + 1),
  (word, at) => word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2),
];

/** Replaces some characters of a text, chosen by the bits of `mask`. */
function replaceSome(text: string, mask: number, by: (char: string) => string): string {
  let letters = 0;
  return [...text]
    .map((char) => {
      if (!/[a-z]/iu.test(char)) return char;
      letters += 1;
      return (mask >> (letters % 30)) & 1 ? by(char) : char;
    })
    .join('');
}

const LOOK_ALIKE: Readonly<Record<string, string>> = {
  a: 'аαａ𝐚á',
  c: 'сｃ𝒸',
  e: 'еｅ𝔢éê',
  i: 'іｉ𝕚ıí',
  o: 'оοｏ𝗈ö',
  p: 'рｐ𝚙',
  s: 'ѕｓ𝓼ꜱ',
  k: 'кｋ𝐤',
  l: 'ｌⅼ𝗅ł',
  m: 'мｍ𝖒',
  n: 'ո𝗻ｎñ',
  t: 'тｔ𝘵',
  y: 'уｙ𝙮ý',
  d: 'ԁｄ𝚍',
  h: 'һｈ𝒽',
  u: 'υｕ𝐮ü',
  f: 'ｆ𝔣',
};

describe('an explicit statement stays found', () => {
  test.each(TEXTS)('as it is: %s', (text) => {
    expect(isFound(text)).toBe(true);
  });

  test('with one typo in a word of five letters or more', () => {
    fc.assert(
      fc.property(
        statement,
        fc.nat(),
        fc.nat(),
        fc.constantFrom(...EDITS),
        fc.constantFrom(...LETTERS),
        (text, which, where, edit, letter) => {
          const words = text.split(' ');
          const long = words.flatMap((word, at) => (/^[a-z]{5,}$/iu.test(word) ? [at] : []));
          fc.pre(long.length > 0);
          const at = long[which % long.length] ?? 0;
          const word = words[at] ?? '';
          const edited = edit(word, where % word.length, letter);
          // A typo that makes another everyday word of it is no typo to anybody.
          fc.pre(!ORDINARY.has(edited.toLowerCase()));
          const written = words.with(at, edited).join(' ');
          expect([written, isFound(written)]).toEqual([written, true]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('split at any space into two or three messages, by the last of them', () => {
    fc.assert(
      fc.property(statement, fc.nat(), fc.nat(), (text, first, second) => {
        const words = text.split(' ');
        const cuts = [first % words.length, second % words.length].toSorted((a, b) => a - b);
        const parts = [words.slice(0, cuts[0]), words.slice(cuts[0], cuts[1]), words.slice(cuts[1])]
          .map((part) => part.join(' '))
          .filter((part) => part !== '');
        const found = parts.some((part, at) => isFound(part, parts.slice(0, at)));
        expect([parts, found]).toEqual([parts, true]);
      }),
      RUNS,
    );
  });

  test('split anywhere, in mid-word too, by the last of the messages', () => {
    fc.assert(
      fc.property(statement, fc.nat(), (text, where) => {
        const at = 1 + (where % (text.length - 1));
        // An apostrophe between two messages says nothing any more ("o", "d'd").
        fc.pre(!/['’]/u.test(text.slice(at - 1, at + 2)));
        const parts = [text.slice(0, at), text.slice(at)];
        const found = parts.some((part, index) => isFound(part, parts.slice(0, index)));
        expect([parts, found]).toEqual([parts, true]);
      }),
      RUNS,
    );
  });

  test('in look-alike letters', () => {
    fc.assert(
      fc.property(statement, fc.nat(), fc.nat(), (text, mask, pick) => {
        const disguised = replaceSome(text, mask, (char) => {
          const others = [...(LOOK_ALIKE[char.toLowerCase()] ?? char)];
          return others[pick % others.length] ?? char;
        });
        expect([disguised, isFound(disguised)]).toEqual([disguised, true]);
      }),
      RUNS,
    );
  });

  test('with digits and signs for letters', () => {
    const signs: Readonly<Record<string, string>> = {
      a: '4@',
      e: '3',
      i: '1!',
      o: '0',
      s: '5$',
      t: '7+',
    };
    fc.assert(
      fc.property(statement, fc.nat(), fc.nat(), (text, mask, pick) => {
        const word = (part: string): string =>
          !/^[a-z]{4,}$/iu.test(part)
            ? part
            : replaceSome(part, mask, (char) => {
                const others = signs[char.toLowerCase()] ?? char;
                return others[pick % others.length] ?? char;
              });
        const disguised = text.split(' ').map(word).join(' ');
        expect([disguised, isFound(disguised)]).toEqual([disguised, true]);
      }),
      RUNS,
    );
  });

  test('with invisible and combining characters strewn in', () => {
    const strewn = fc.constantFrom(
      '\u200B',
      '\u200D',
      '\u2060',
      '\u00AD',
      '\u0301',
      '\u0336',
      '\uFE0F',
    );
    fc.assert(
      fc.property(statement, fc.nat(), strewn, (text, mask, extra) => {
        expect(isFound(replaceSome(text, mask, (char) => char + extra))).toBe(true);
      }),
      RUNS,
    );
  });

  test('with letters repeated', () => {
    fc.assert(
      fc.property(statement, fc.nat(), fc.integer({ min: 3, max: 6 }), (text, which, times) => {
        const at = which % text.length;
        const char = text[at] ?? '';
        fc.pre(/[a-z]/iu.test(char));
        const drawn = text.slice(0, at) + char.repeat(times) + text.slice(at + 1);
        expect([drawn, isFound(drawn)]).toEqual([drawn, true]);
      }),
      RUNS,
    );
  });

  test('in capitals, between emoji and more blanks', () => {
    fc.assert(
      fc.property(
        statement,
        fc.constantFrom(' 😭 ', '   ', ' 💀💀 ', '\n', ' ... ', '😭', '💀🔪'),
        (text, gap) => {
          const loud = text.toUpperCase().split(' ').join(gap);
          expect([loud, isFound(loud)]).toEqual([loud, true]);
        },
      ),
      RUNS,
    );
  });

  test.each(['kill myself', 'want to die', 'commit suicide', 'end my life', 'hang myself'])(
    'spelled out: %s',
    (core) => {
      for (const gap of [' ', '.', '-', '*', '🔪', ' 🔪 ', '_', '  ']) {
        const spelled = [...core.replaceAll(' ', '')].join(gap);
        expect([spelled, isFound(`i ${spelled}`)]).toEqual([spelled, true]);
      }
      expect(isFound(core.replaceAll(' ', ''))).toBe(true);
      expect(isFound(`#${core.replaceAll(' ', '')}`)).toBe(true);
    },
  );

  test('whatever stands before and after it in other sentences', () => {
    const around = fc.lorem({ mode: 'sentences', maxCount: 3 });
    fc.assert(
      fc.property(statement, around, around, (text, before, after) => {
        expect(isFound(`${before} ${text}. ${after}`)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('hostile texts', () => {
  const SIZE = 100_000;
  const hostile: Readonly<Record<string, string>> = {
    'one letter': 'a'.repeat(SIZE),
    'letters apart': 'k i l '.repeat(SIZE / 6),
    'openings of phrases': 'want want to '.repeat(SIZE / 13),
    'near misses': "don't want to going to about to ".repeat(SIZE / 32),
    'a phrase over and over': 'kill myself '.repeat(SIZE / 12),
    'a phrase run together': 'killmyselfx'.repeat(SIZE / 11),
    'holes to fill': 'k*l s*c '.repeat(SIZE / 8),
    'quotation marks': `"' `.repeat(SIZE / 3),
    'many marks on one letter': `k${'\u0301'.repeat(SIZE)}`,
    'characters that fold into many': '\uFDFA'.repeat(SIZE),
    'unpaired surrogates': '\uD800'.repeat(SIZE),
    typos: 'mysel kiling suicde '.repeat(SIZE / 20),
    'joints of words': 'd ie ki ll my sel f '.repeat(SIZE / 20),
    denials: 'not never without '.repeat(SIZE / 18),
  };

  test.each(Object.entries(hostile))('cost steps in proportion: %s', (_, text) => {
    const whole = detect(text).steps;
    const half = detect(text.slice(0, text.length / 2)).steps;
    expect(whole).toBeLessThan(stepLimit(text.length) / 2);
    expect(whole / half).toBeLessThan(2.2);
  });

  test('any text at all is answered, with spans that are in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.array(fc.string()),
        (text, previous) => {
          const found = detect(text, { previous });
          for (const span of found.evidence.flatMap(({ spans }) => spans)) {
            const source = span.message === 0 ? text : previous.at(span.message);
            expect(source?.slice(span.start, span.end)).toBe(span.text);
          }
          expect(detect(text, { previous })).toEqual(found);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a text beyond the limit is read at both ends and said to be unread between', () => {
    const filler = 'lovely weather today. '.repeat(20_000);
    const found = detect(`${filler} I want to kill myself`);
    expect(found).toMatchObject({ isTruncated: true, severity: 'high' });
    expect(detect(filler)).toMatchObject({ isTruncated: true, severity: 'low' });
  });
});

describe('failing', () => {
  test('comes out as a failure that asks for a human', () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    expect(safeDetect('hello', {}, broken)).toEqual({
      failed: true,
      severity: 'high',
      category: null,
      evidence: [],
      reason: 'error',
    });
    expect(safeDetect(undefined as unknown as string)).toMatchObject({ failed: true });
    expect(safeDetect('hello')).toMatchObject({ failed: false, severity: 'none' });
  });

  test('a phrase that is written wrongly is refused when the pack is built', () => {
    const wrong = { ...ENGLISH, idioms: { phrases: ['kill @nobody'] } };
    expect(() => createDetector([wrong])).toThrow('No such class');
  });
});
