import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextTurn } from '../../../domain/companion/companion.ts';
import { DIALOGUES } from '../../../domain/companion/dialogues/index.ts';
import { readWords } from '../../../domain/companion/reading.ts';
import { openCompanion } from '../../../domain/companion/state.ts';
import { COMPANION_LANGUAGES } from '../../../domain/companion/texts/index.ts';
import { TOPICS } from '../../../domain/companion/types.ts';
import type { CompanionState, Topic } from '../../../domain/companion/types.ts';
import { safeDetect } from '../../../domain/triage/detect.ts';
import { screeningOf } from '../../../domain/triage/screen.ts';

const NOW = Date.UTC(2026, 10, 21, 22);

describe.each(COMPANION_LANGUAGES)('the texts of "$language"', (texts) => {
  const steps = TOPICS.flatMap((topic) =>
    Object.entries(DIALOGUES[topic].steps).map(([id, step]) => ({ topic, id, step })),
  );

  test.each(TOPICS)('of %s are those of its steps, no more and no fewer', (topic) => {
    expect(Object.keys(texts.dialogues[topic].steps).toSorted()).toEqual(
      Object.keys(DIALOGUES[topic].steps).toSorted(),
    );
  });

  test.each(TOPICS)('of %s quote only answers of its own', (topic) => {
    const { says, steps: asked } = texts.dialogues[topic];
    const all = [...Object.values(says), ...Object.values(asked).map(({ ask }) => ask)].join('\n');
    for (const [, name] of all.matchAll(/\{([^}]*)\}/gu)) {
      expect(Object.keys(DIALOGUES[topic].steps)).toContain(name);
    }
  });

  test('name every option, and understand its name and its number', () => {
    for (const { topic, id, step } of steps) {
      if (step.expects.kind !== 'choice') continue;
      for (const [at, option] of step.expects.options.entries()) {
        const label = texts.dialogues[topic].choices?.[option] ?? '';
        for (const said of [label, String(at + 1)]) {
          const { state } = nextTurn(placedAt(topic, id), said, NOW);
          expect([topic, id, said, state.current?.given[id] ?? label]).toEqual([
            topic,
            id,
            said,
            label,
          ]);
        }
      }
    }
  });

  test('suggest nothing that is not understood', () => {
    for (const { topic, id } of steps) {
      for (const said of texts.dialogues[topic].steps[id]?.suggestions ?? []) {
        const { reply } = nextTurn(placedAt(topic, id), said, NOW);
        expect([topic, id, said, reply.confidence]).toEqual([topic, id, said, 0.9]);
      }
    }
  });

  test('say nothing that would alarm the detector', () => {
    const said = TOPICS.flatMap((topic) => {
      const { says, steps: asked } = texts.dialogues[topic];
      return [...Object.values(says), ...Object.values(asked).map(({ ask }) => ask)];
    });
    for (const text of [...said, ...Object.values(texts.general).flat()]) {
      if (typeof text !== 'string') continue;
      expect([text, screeningOf(safeDetect(text)).severity]).toEqual([text, null]);
    }
  });

  test.each(TOPICS)('a wish for %s begins it', (topic) => {
    expect(readWords(texts.dialogues[topic].wish, texts).wish).toBe(topic);
  });
});

test.each(TOPICS)('whoever follows suggestions comes to the end of %s', (topic) => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (choices) => {
      let { state, reply } = nextTurn(placedAt(topic, DIALOGUES[topic].first), 'repeat', NOW);
      let turns = 0;
      for (const choice of choices) {
        if (state.current?.topic !== topic || turns > 60) break;
        turns += 1;
        const said = reply.suggestions.filter((words) => words !== 'Stop here');
        ({ state, reply } = nextTurn(state, said[choice % said.length] ?? 'skip', NOW));
      }
      expect(turns).toBeLessThan(60);
      expect(state.finished).toContain(topic);
    }),
    { numRuns: 60 },
  );
});

test.each(TOPICS)('whatever is said, %s comes to an end', (topic) => {
  const words = fc.array(fc.string({ maxLength: 40 }), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(words, (said) => {
      let state = placedAt(topic, DIALOGUES[topic].first);
      for (const text of said) ({ state } = nextTurn(state, text, NOW));
      expect(state.current?.topic).not.toBe(topic);
    }),
    { numRuns: 60 },
  );
});

function placedAt(topic: Topic, step: string): CompanionState {
  const given = { options: 'walk; call; write' };
  return { ...openCompanion(NOW), turns: 1, current: { topic, step, given, tries: 0 } };
}
