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

describe('branches', () => {
  test('trouble with heart or lungs ends the breathing, and a doctor is named', () => {
    const { state, replies } = talk(['Try slow breathing', '8', 'yes']);
    expect(replies.at(-1)?.text).toMatch(/call a doctor/);
    expect(state).toMatchObject({ current: null, offered: 'grounding' });
  });

  test('a plan that is too big is made smaller, and asked after on the next day', () => {
    const plan = ['Plan one small step', '2', 'body', 'go for a walk', 'no', 'put shoes on'];
    const { state } = talk([...plan, 'after breakfast', 'rain', 'umbrella', '5', 'shoes only']);
    expect(state.intention?.text).toBe('shoes only (after breakfast)');
    const { reply } = nextTurn(state, 'hello', NOW + 26 * 60 * MINUTE);
    expect(reply.text).toContain('shoes only (after breakfast)');
    expect(reply.suggestions).toContain('I did it');
  });

  test('a problem in nobody’s hands is narrowed, and an option is chosen by its number', () => {
    const said = ['Solve a problem step by step', 'my landlord', 'no', 'how I answer', 'calm'];
    const { state } = talk([...said, 'write, call, ask my sister', '3']);
    expect(state.current?.given).toMatchObject({ part: 'how I answer', choice: 'ask my sister' });
  });

  test('who has slept badly for months hears of the treatment for it', () => {
    const { replies } = talk(['Work on my sleep', 'waking up at 3', 'a few months']);
    expect(replies.at(-1)?.text).toMatch(/cognitive behavioural therapy for insomnia/);
  });
});

describe('leaving and coming back', () => {
  test('another topic pauses the first, which is taken up where it was', () => {
    const { state, replies } = talk([
      'Look at a thought',
      'my boss criticised me',
      'can we do grounding instead?',
      'stop',
    ]);
    expect(state.paused?.topic).toBe('grounding');
    expect(replies.at(-1)?.suggestions).toContain('Go on with what we began');
    expect(talk(['go on'], state).state.current?.topic).toBe('grounding');
  });

  test('a goodbye in the middle keeps the place, and says so', () => {
    const { state, replies } = talk(['Try a grounding exercise', '5', 'bye']);
    expect(replies.at(-1)).toMatchObject({ isOver: true, type: 'farewell' });
    const { reply } = nextTurn(state, 'hi', NOW + 5 * 60 * MINUTE);
    expect(reply.text).toContain('in the middle of a grounding exercise');
  });
});

describe('who wants a human being', () => {
  test.each([
    'Talk to a human',
    'can I speak to a real person please',
    'Connect me with a human counselor',
    "I don't know, can I talk to someone?",
    'ＴＡＬＫ to a ＨＵＭＡＮ',
    'I want to talk to a therapist instead',
  ])('is understood: %s', (words) => {
    expect(talk(['hi', words]).replies[1]).toMatchObject({
      wantsHuman: true,
      intent: 'talk-to-human',
    });
  });

  test.each(["I don't want to talk to a human", 'are you a real person?', 'I talked to my sister'])(
    'and who does not: %s',
    (words) => {
      expect(talk(['hi', words]).replies[1]?.wantsHuman).toBe(false);
    },
  );

  test('whoever asks what it is gets a plain answer, and the question again', () => {
    const [, , reply] = talk(['hi', 'Try a grounding exercise', 'are you a bot?']).replies;
    expect(reply?.text).toMatch(/I'm not a human being and not a therapist/);
    expect(reply?.text).toMatch(/from 0 \(not at all\) to 10/);
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
