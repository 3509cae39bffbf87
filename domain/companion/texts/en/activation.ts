import type { DialogueTexts } from '../../dialogue.ts';
import type { ActivationSay, ActivationStep } from '../../dialogues/activation.ts';

export const ACTIVATION_TEXTS: DialogueTexts<ActivationStep, ActivationSay> = {
  name: 'one small step',
  wish: 'Plan one small step',
  steps: {
    mood: {
      ask: 'When energy is low we do less, and doing less makes us lower still. One small thing can turn that around. How is your energy today, from 0 (none) to 10 (plenty)?',
      again: 'A number from 0 to 10 is enough. How much energy is there today?',
      suggestions: ['2', '5', '7', 'Skip'],
    },
    area: {
      ask: 'Which part of life could do with a little more? Other people, your body, your home, something you enjoy, or something that matters to you?',
      again: 'You can take one of these: people, body, home, joy, or what matters.',
      suggestions: ['Other people', 'My body', 'My home', 'Something I enjoy'],
    },
    activity: {
      ask: 'What is one thing you could do there? Small is good.',
      suggestions: ["I don't know", 'Stop here'],
      followUps: ['What did you use to do when things were easier?'],
    },
    small: {
      ask: 'Could you do that within a quarter of an hour, even on a bad day?',
      again: 'Yes or no: would a quarter of an hour do?',
      suggestions: ['Yes', 'No'],
    },
    smaller: {
      ask: 'What would be the very first piece of it, so small that it is nearly silly?',
      suggestions: ['Skip', 'Stop here'],
    },
    when: {
      ask: 'When will you do it? A day and a time, or right after something you do anyway.',
      suggestions: ['Today after dinner', 'Tomorrow morning', 'Skip'],
    },
    obstacle: {
      ask: 'What might get in the way?',
      suggestions: ['Feeling too tired', 'Forgetting it', 'Nothing'],
    },
    fallback: {
      ask: 'And if that happens, what could you do then?',
      suggestions: ['Do a smaller part of it', 'Skip'],
    },
    sure: {
      ask: 'How sure are you that you will do it, from 0 to 10?',
      again: 'Just a number from 0 to 10: how sure are you?',
      suggestions: ['4', '7', '9', 'Skip'],
    },
    shrink: {
      ask: 'What version of it would you be nearly certain to do?',
      suggestions: ['Half of it', 'Skip'],
    },
    review: {
      ask: 'How did it go with what you planned?',
      again: 'Did you do it, part of it, or did it not come to that?',
      suggestions: ['I did it', 'Part of it', "I didn't do it"],
    },
    noticed: {
      ask: 'What did you notice, during it or afterwards?',
      suggestions: ['It was a little easier', 'Not much', 'Skip'],
    },
    hindered: {
      ask: 'What got in the way?',
      suggestions: ['I was too tired', 'I forgot', 'Skip'],
    },
    retry: {
      ask: 'Shall we plan something smaller?',
      again: 'Something smaller, yes or no?',
      suggestions: ['Yes', 'No'],
    },
  },
  says: {
    low: 'That is very little to go by. So we look for something tiny.',
    some: 'Thank you.',
    people: 'Other people, then. A message or a short call counts.',
    body: 'Your body, then. Five minutes outside or a warm shower counts.',
    home: 'Your home, then. One cup, one drawer, one window counts.',
    joy: 'Something you enjoy, then. Even if you enjoy it less than you used to.',
    meaning: 'What matters to you, then. One step towards it counts.',
    anything: 'Anything will do.',
    cut: "Then let's cut it down.",
    clear: 'Good.',
    unsure: "That's honest. Then it is still too big.",
    plan: "That's your plan. Do it whether or not you feel like it: the wish tends to come after the doing. Next time I'll ask how it went.",
    later: "That's all right. We can come back to it when you like.",
    'well-done': 'You did it. On a hard day that is worth twice as much.',
    partly: 'Part of it is more than nothing.',
    'not-done': 'That happens, and it tells us something about the plan, not about you.',
    kept: "Thank you. Keep what has helped, and take it again when you're low.",
  },
  choices: {
    people: 'other people',
    body: 'my body',
    home: 'my home',
    joy: 'something I enjoy',
    meaning: 'something that matters',
    done: 'done',
    partly: 'part of it',
    'not-done': 'not done',
  },
};
