import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LONGEST_REPLY, checkModelReply } from '../../../domain/companion/check-model-reply.ts';
import { textsIn } from '../../../domain/companion/texts/index.ts';
import { LOOK_ALIKES } from '../../../domain/triage/look-alikes.ts';
import { KIND, SLY } from './more-replies.ts';
import { ALARMING, CONTACTS, FIT, UNFIT } from './replies.ts';

const faultsOf = (text: string): readonly string[] => {
  const check = checkModelReply(text, { contacts: CONTACTS });
  return check.isFit ? [] : check.faults;
};

test('the tables are as long as they have to be', () => {
  expect(UNFIT.length).toBeGreaterThanOrEqual(80);
  expect(FIT.length).toBeGreaterThanOrEqual(60);
});

describe('unfit', () => {
  test.each([...UNFIT, ...SLY])('%s: %s', (fault, text) => {
    expect(faultsOf(text)).toContain(fault);
  });
});

describe('fit', () => {
  test.each([...FIT, ...KIND].map((text) => [text]))('%s', (text) => {
    expect(faultsOf(text)).toEqual([]);
  });
});

test.each(['. ', '.\u200b ', '? \u201c', '!** ', '.\n\n'])(
  'a sentence goes on after %j where a small letter follows',
  (sign) => {
    expect(faultsOf(`I think that you have${sign}depression.`)).toEqual(['diagnosis']);
    expect(faultsOf(`Is there more that you have${sign} Depression is hard for many.`)).toEqual([]);
  },
);

test.each(ALARMING)('what alarms the detector is refused: %s', (text) => {
  expect(faultsOf(text)).toEqual(['crisis_language']);
});

describe('however it is written', () => {
  const alike = new Map<string, string[]>();
  for (const [other, latin] of LOOK_ALIKES) {
    if (latin.length === 1) alike.set(latin, [...(alike.get(latin) ?? []), other]);
  }
  const said = UNFIT.filter(
    ([fault]) => !['empty', 'too_long', 'unreadable', 'markup', 'foreign_contact'].includes(fault),
  );

  const cases = fc.func(fc.boolean()).map(
    (isUpper) =>
      (text: string): string =>
        [...text].map((char, at) => (isUpper(at) ? char.toUpperCase() : char)).join(''),
  );
  const blanks = fc.constantFrom('  ', '\t', '\u00a0', '\u2003', ' \u200b ').map(
    (blank) =>
      (text: string): string =>
        text.replaceAll(' ', blank),
  );
  const unseen = fc.constantFrom('\u200b', '\u00ad', '\u2060', '\u0301', '\ufe0f').map(
    (mark) =>
      (text: string): string =>
        text.replaceAll(/([a-z])(?=[a-z])/giu, `$1${mark}`),
  );
  const letters = fc.nat().map(
    (seed) =>
      (text: string): string =>
        [...text]
          .map((char, at) => {
            const others = alike.get(char.toLowerCase()) ?? [];
            return (seed + at) % 3 === 0 ? (others[(seed + at) % others.length] ?? char) : char;
          })
          .join(''),
  );
  const lines = fc.nat(20).map((nth) => (text: string): string => {
    let count = 0;
    return text.replaceAll(' ', () => (count++ === nth ? '\n' : ' '));
  });

  const pauses = fc
    .tuple(fc.nat(20), fc.constantFrom('...', '\u2026', ' .. ', ';', '...\u201d'))
    .map(([nth, pause]) => (text: string): string => {
      let count = 0;
      return text.replaceAll(' ', () => (count++ === nth ? `${pause} ` : ' '));
    });

  test('a fault stays a fault', () => {
    const disguise = fc.oneof(cases, blanks, unseen, letters, lines, pauses);
    fc.assert(
      fc.property(fc.constantFrom(...said), disguise, ([, text], change) => {
        expect([text, change(text), faultsOf(change(text)).length > 0]).toEqual([
          text,
          change(text),
          true,
        ]);
      }),
      { numRuns: 1_500 },
    );
  });

  test('and one fault among fit sentences is found', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...said),
        fc.constantFrom(...FIT),
        fc.constantFrom(...FIT),
        ([, text], before, after) => {
          expect([text, faultsOf(`${before} ${text} ${after}`).length > 0]).toEqual([text, true]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('never throws, whatever a model sends, and lets nothing empty or too long pass', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
      const isFit = checkModelReply(text).isFit;
      if (text.trim() === '' || text.length > LONGEST_REPLY) expect(isFit).toBe(false);
    }),
  );
});

test('a model that says the same word over and over is read in no time', () => {
  const said = [
    'more',
    'extra',
    'another',
    'one',
    'half',
    'it',
    'them',
    'a few',
    'of',
    'you',
    'is',
  ];
  for (const word of said) {
    for (const begun of ['you can take', 'you can have', 'you have', 'two', 'do not', 'use']) {
      const text = `Take your time. ${begun} ${`${word} `.repeat(200)}hope.`;
      expect(checkModelReply(text, { contacts: [] })).toHaveProperty('isFit');
    }
  }
});

test('whatever the guided companion asks is fit', () => {
  const { dialogues } = textsIn('en');
  const asked = Object.values(dialogues).flatMap(({ steps }) =>
    Object.values<object>(steps).flatMap((step) =>
      Object.entries(step).flatMap(([name, text]) =>
        (name === 'ask' || name === 'again') && typeof text === 'string' ? [text] : [],
      ),
    ),
  );
  expect(asked.length).toBeGreaterThan(30);
  expect(asked.filter((text) => !checkModelReply(text, { contacts: [] }).isFit)).toEqual([]);
});
