import type { DialogueTexts } from '../../dialogue.ts';
import type { ThoughtsSay, ThoughtsStep } from '../../dialogues/thoughts.ts';

export const THOUGHTS_TEXTS: DialogueTexts<ThoughtsStep, ThoughtsSay> = {
  name: 'a thought record',
  wish: 'Look at a thought',
  steps: {
    situation: {
      ask: 'Think of one moment when it was hard. Where were you, and what happened? Only the facts, as a camera would show them.',
      suggestions: ['Skip', 'Stop here'],
    },
    feeling: {
      ask: 'What did you feel? One word is enough.',
      suggestions: ['Sad', 'Anxious', 'Angry', 'Ashamed'],
    },
    before: {
      ask: 'How strong was that, from 0 to 10?',
      again: 'A number from 0 to 10 is enough. How strong was the feeling?',
      suggestions: ['4', '7', '9', 'Skip'],
    },
    thought: {
      ask: 'And what went through your mind right then? Write it down as it came.',
      suggestions: ["I don't know", 'Stop here'],
      followUps: ['What did it seem to say about you, or about what comes next?'],
    },
    believed: {
      ask: 'How far do you believe that right now, from 0 (not at all) to 10 (wholly)?',
      again: 'Just a number from 0 to 10: how far do you believe it?',
      suggestions: ['3', '6', '9', 'Skip'],
    },
    for: {
      ask: 'What speaks for it? Facts that would convince somebody else.',
      suggestions: ["I don't know", 'Skip'],
    },
    against: {
      ask: "And what doesn't quite fit with it? Even something small.",
      suggestions: ["I can't think of anything", 'Skip'],
      followUps: ['Has there been a day when it was not so?'],
    },
    friend: {
      ask: 'Suppose a good friend told you just this about themselves. What would you say to them?',
      suggestions: ["I don't know", 'Skip'],
    },
    balanced: {
      ask: 'Now put both sides into one fair sentence. It need not be cheerful, only true.',
      suggestions: ["I don't know", 'Skip'],
    },
    after: {
      ask: 'When you read that sentence: how strong is the feeling now, from 0 to 10?',
      again: 'Just a number from 0 to 10: how strong is it now?',
      suggestions: ['3', '5', '8', 'Skip'],
    },
  },
  says: {
    thanks: 'Thank you.',
    heavy: 'That is very strong. Take all the time you need.',
    convinced: 'It feels very true. We only want to look at it from every side.',
    doubting: "So there's some doubt already. Let's look at both sides.",
    'hard-to-see': "That's hard to see from inside. Let's borrow another pair of eyes.",
    kind: 'You may say that to yourself, too.',
    easier:
      'From {before} to {after}. The moment is the same; you have looked at it from more sides. Your sentence was: "{balanced}"',
    same: "The feeling is about the same. That's all right: a new sentence has to be heard a few times before it is believed.",
    harder:
      'It has become stronger; looking closely at a thought can do that. Coming back to the here and now may help first, and this is worth talking over with a person.',
    done: 'You have looked at the thought from every side. Reading this again tomorrow often helps.',
  },
};
