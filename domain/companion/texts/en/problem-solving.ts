import type { DialogueTexts } from '../../dialogue.ts';
import type { ProblemSolvingSay, ProblemSolvingStep } from '../../dialogues/problem-solving.ts';

export const PROBLEM_SOLVING_TEXTS: DialogueTexts<ProblemSolvingStep, ProblemSolvingSay> = {
  name: 'problem solving',
  wish: 'Solve a problem step by step',
  steps: {
    problem: {
      ask: 'Which one problem shall we take? Say it in a sentence: who, what, and since when.',
      suggestions: ['Skip', 'Stop here'],
    },
    hands: {
      ask: 'Is at least a part of it in your own hands?',
      again: 'Yes or no: can you do something about a part of it?',
      suggestions: ['Yes', 'No'],
    },
    part: {
      ask: 'Which small part could you do something about, even if it is only how you take care of yourself while it lasts?',
      suggestions: ["I don't know", 'Stop here'],
    },
    goal: {
      ask: 'How would you notice, in a week or two, that it is a bit better?',
      suggestions: ["I don't know", 'Stop here'],
    },
    options: {
      ask: "Now list what you could do: at least three things, odd ones too. Don't judge them yet. Put a comma between them.",
      suggestions: ["I don't know", 'Stop here'],
    },
    more: {
      ask: 'What would a friend suggest? Or what has helped with something like this before?',
      suggestions: ["I don't know", 'Stop here'],
    },
    choice: {
      ask: 'Your list: {options}. Which one do you want to try first? Its number or its words will do.',
      suggestions: ['1', '2', '3', "I don't know"],
    },
    cost: {
      ask: 'What is good about that one, and what does it cost you?',
      suggestions: ['Skip', 'Stop here'],
    },
    step: {
      ask: 'What is the first thing to do for it? As concrete as a note on the fridge.',
      suggestions: ['Skip', 'Stop here'],
    },
    when: {
      ask: 'When will you do that?',
      suggestions: ['Today', 'Tomorrow morning', 'Skip'],
    },
    obstacle: {
      ask: 'What could get in the way, and what will you do then?',
      suggestions: ['Nothing', 'Skip'],
    },
    review: {
      ask: 'How did it go with your first step?',
      again: 'Did you do it, part of it, or did it not come to that?',
      suggestions: ['I did it', 'Part of it', "I didn't do it"],
    },
    learned: {
      ask: 'What have you learned from it?',
      suggestions: ['It was easier than I thought', 'It needs another way', 'Skip'],
    },
    next: {
      ask: 'Shall we look for a next step, or another way?',
      again: 'A next step, yes or no?',
      suggestions: ['Yes', 'No'],
    },
  },
  says: {
    thanks: 'Thank you. Naming it is the first half.',
    'not-yours': 'Then it is not yours to solve. There may still be a corner of it that is.',
    few: "That's a start. A few more make the choice better.",
    enough: 'Good, that is a choice.',
    chosen: '"{choice}" it is.',
    plan: "That's your plan: {step}, {when}. Try it as an experiment: whatever happens, you'll know more. Next time I'll ask how it went.",
    none: "That's all right. Some problems need a night's sleep, or a second head: a person can think it through with you.",
    'well-done': 'You did it.',
    partly: 'Part of it is done: that counts.',
    'not-done': 'That happens. It tells us about the plan, not about you.',
    kept: 'Thank you. You know the way now: define, list, choose, try, look back.',
  },
  choices: { done: 'done', partly: 'part of it', 'not-done': 'not done' },
};
