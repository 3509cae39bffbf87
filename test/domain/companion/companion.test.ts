import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextTurn } from '../../../domain/companion/companion.ts';
import { openCompanion } from '../../../domain/companion/state.ts';
import type { CompanionReply, CompanionState } from '../../../domain/companion/types.ts';

const NOW = Date.UTC(2026, 10, 21, 22);
const MINUTE = 60_000;

/** Says one thing after the other, a minute apart. */
function talk(
  words: readonly string[],
  from: CompanionState = openCompanion(NOW),
): { state: CompanionState; replies: CompanionReply[] } {
  let state = from;
  const replies = words.map((said, at) => {
    const turn = nextTurn(state, said, NOW + at * MINUTE);
    state = turn.state;
    return turn.reply;
  });
  return { state, replies };
}

describe('the first turn', () => {
  test('says what it is: a programme, no person, no therapist', () => {
    const [reply] = talk(['Hi']).replies;
    expect(reply?.text).toMatch(/programme, not a person and not a therapist/);
  });
});

describe('grounding', () => {
  test('goes through the five senses and compares before and after', () => {
    const { state, replies } = talk([
      'Can we do a grounding exercise?',
      '8',
      'a lamp, a door, my cup, the window and a plant',
      'floor, chair, shirt, air',
      'a car',
      'coffee and soap',
      'skip',
      'about a 4',
    ]);
    expect(replies.at(-1)?.text).toContain('From 8 to 4');
    expect(state.current).toBeNull();
    expect(state.finished).toEqual(['grounding']);
  });
});

test('any words in any order give a reply and a state that JSON keeps', () => {
  const said = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom('yes', 'no', 'stop', '7', 'grounding', 'go on', 'bye', 'talk to a human', ''),
  );
  fc.assert(
    fc.property(fc.array(said, { maxLength: 30 }), (words) => {
      const { state, replies } = talk(words);
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      expect(JSON.stringify(state).length).toBeLessThan(8_000);
      for (const { text } of replies) expect(text).not.toBe('');
    }),
  );
});
