import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDetector } from '../../../domain/triage/detect.ts';
import { fold } from '../../../domain/triage/fold.ts';
import { ENGLISH } from '../../../domain/triage/languages/en/index.ts';
import { buildLexicon } from '../../../domain/triage/lexicon.ts';
import { Meter } from '../../../domain/triage/meter.ts';
import { tokenise, tokeniseTogether } from '../../../domain/triage/tokens.ts';
import type { Detection } from '../../../domain/triage/types.ts';
import { EVERYDAY } from './everyday.ts';
import { PARAPHRASES } from './paraphrases.ts';
import { BENIGN } from './phrases-benign.ts';
import { EXPLICIT, STILL_MEANT } from './phrases-crisis.ts';
import { READER_GROUPS } from './second-reader.ts';

const sparing = createDetector([ENGLISH]);
const readingAll = createDetector([ENGLISH], () => true);
const { vocabulary } = buildLexicon(ENGLISH);

const MEANT = [
  ...[...EXPLICIT, ...STILL_MEANT].map(([text]) => text),
  ...READER_GROUPS.flatMap(({ texts }) => texts),
  ...PARAPHRASES,
];
const HARMLESS_TEXTS = [...EVERYDAY, ...Object.values(BENIGN).flat()];

/** A statement in pieces, wherever it is cut. */
const inPieces = fc
  .tuple(fc.constantFrom(...MEANT), fc.array(fc.nat(), { minLength: 1, maxLength: 4 }))
  .map(([text, cuts]) => {
    const at = [0, ...cuts.map((cut) => cut % text.length).toSorted((a, b) => a - b), text.length];
    return at.slice(1).map((end, index) => text.slice(at[index], end));
  });
const harmless = fc.constantFrom(...HARMLESS_TEXTS).map((text) => [text]);
const scrap = fc.constantFrom(
  'i',
  'u',
  'k',
  '"',
  'no',
  "don't",
  'ki',
  '...',
  '5',
  '',
  '? yes',
  'me',
);
const scraps = fc.array(scrap, { minLength: 1, maxLength: 4 });
const anything = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => [text]);
const conversation = fc
  .array(fc.oneof(inPieces, inPieces, harmless, scraps, anything), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.flat());

/** Steps are what is saved. */
function found(detection: Detection): Detection {
  return { ...detection, steps: 0 };
}

describe('messages that are read together', () => {
  test('say the same, whether or not readings are spared that find nothing', () => {
    let spared = 0;
    let kept = 0;
    fc.assert(
      fc.property(conversation, (messages) => {
        const previous = messages.slice(0, -1);
        const text = messages.at(-1) ?? '';
        const whole = readingAll(text, { previous });
        const lean = sparing(text, { previous });
        expect(found(lean)).toEqual(found(whole));
        if (lean.steps < whole.steps) spared += 1;
        else kept += 1;
      }),
      { numRuns: 4_000, seed: 20_261_122 },
    );
    // Both ways are gone often, or this would prove nothing.
    expect(spared).toBeGreaterThan(400);
    expect(kept).toBeGreaterThan(400);
  });

  test('have the words that they have when each is read anew', () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        const meter = new Meter(1_000_000);
        const folded = messages.map((text) => fold(text, meter));
        expect(tokenise(folded, vocabulary, meter, false)).toEqual(
          tokeniseTogether(folded, vocabulary, meter, false),
        );
      }),
      { numRuns: 4_000, seed: 20_261_122 },
    );
  });
});
