import type { DialogueTexts } from '../../dialogue.ts';
import type { GroundingSay, GroundingStep } from '../../dialogues/grounding.ts';

export const GROUNDING_TEXTS: DialogueTexts<GroundingStep, GroundingSay> = {
  name: 'a grounding exercise',
  wish: 'Try a grounding exercise',
  steps: {
    before: {
      ask: "Let's come back to the here and now, with the five senses. First: how strong is the feeling, from 0 (not at all) to 10 (as strong as it gets)?",
      again: 'A number from 0 to 10 is enough. How strong is it right now?',
      suggestions: ['3', '6', '9', 'Skip'],
    },
    see: {
      ask: 'Look around slowly. Name five things you can see.',
      suggestions: ['Skip', 'Stop here'],
      followUps: ['What colours do they have?'],
    },
    touch: {
      ask: 'Now four things you can feel: your feet on the floor, the chair, your clothes, the air. Which are they?',
      suggestions: ['Skip', 'Stop here'],
    },
    hear: {
      ask: 'Three things you can hear, near or far?',
      suggestions: ['Skip', 'Stop here'],
    },
    smell: {
      ask: 'Two things you can smell, or two smells you like?',
      suggestions: ['Skip', 'Stop here'],
    },
    taste: {
      ask: 'And one thing you can taste, or one taste you like?',
      suggestions: ['Skip', 'Stop here'],
    },
    after: {
      ask: 'Well done. Take one slow breath. From 0 to 10, how strong is the feeling now?',
      again: 'Just a number from 0 to 10: how strong is it now?',
      suggestions: ['2', '5', '8', 'Skip'],
    },
  },
  says: {
    go: 'Thank you.',
    strong: "That's a lot. We'll go slowly, and you can stop at any time.",
    noticed: 'Good.',
    some: "That's fine. What you notice is enough.",
    easier:
      'From {before} to {after}: it has eased a little. You can do this anywhere, without anybody noticing.',
    same: "It is about the same, and that's all right. Sometimes it takes a second round, or slow breathing works better.",
    harder:
      "It has become stronger. That happens, and it isn't your fault. Slow breathing may suit you better, or a person to talk to.",
    done: 'You have gone through all five senses. You can do this anywhere, without anybody noticing.',
  },
};
