import type { DialogueTexts } from '../../dialogue.ts';
import type { BreathingSay, BreathingStep } from '../../dialogues/breathing.ts';

export const BREATHING_TEXTS: DialogueTexts<BreathingStep, BreathingSay> = {
  name: 'slow breathing',
  wish: 'Try slow breathing',
  steps: {
    before: {
      ask: 'First: how tense are you, from 0 (not at all) to 10 (as tense as can be)?',
      again: 'A number from 0 to 10 is enough. How tense are you right now?',
      suggestions: ['3', '6', '9', 'Skip'],
    },
    body: {
      ask: 'Before we begin: is anything wrong with your heart or your lungs right now, or has a doctor told you not to do breathing exercises?',
      again: 'Just yes or no: trouble with heart or lungs, or a doctor who advised against this?',
      suggestions: ['No', 'Yes'],
    },
    first: {
      ask: "Sit so that your belly has room. Breathe in through the nose while you count to 4. Breathe out slowly, as through a straw, while you count to 6. Five times. Write to me when you're done.",
      suggestions: ['Done', 'Stop here'],
    },
    dizzy: {
      ask: 'Did that make you dizzy or uneasy in any way?',
      again: 'Just yes or no: did it make you dizzy or uneasy?',
      suggestions: ['No', 'Yes'],
    },
    second: {
      ask: "Again five breaths: in for 4, out for 6. Let the shoulders sink as you breathe out. Write to me when you're done.",
      suggestions: ['Done', 'Stop here'],
    },
    more: {
      ask: 'Would you like one more round?',
      again: 'One more round, yes or no?',
      suggestions: ['Yes', 'No'],
    },
    after: {
      ask: 'Let your breath go its own way again. From 0 to 10, how tense are you now?',
      again: 'Just a number from 0 to 10: how tense are you now?',
      suggestions: ['2', '5', '8', 'Skip'],
    },
  },
  says: {
    go: 'Thank you.',
    doctor:
      'Then breathing exercises are not for now. With any of those, please call a doctor or your local emergency number right away. Something that needs no special breathing is looking around you with all senses.',
    slower: 'Good. No hurry.',
    gentler:
      'Thank you for telling me. Breathe as you usually do, without counting, until it has passed. That happens when breaths are too deep; gentler ones are enough.',
    fine: 'Good.',
    easier:
      'From {before} to {after}: your body has let go of something. A few minutes of this twice a day makes it easier when you need it.',
    same: 'It is about the same, and that is all right. It takes some practice before the body answers.',
    harder:
      'It has become more. That happens to some people when they watch their breath. Looking outwards often suits them better.',
    done: 'You have given your body a few slow breaths. A few minutes of this twice a day makes it easier when you need it.',
  },
};
