import { type Dialogue, howItWent } from '../dialogue.ts';

export type ProblemSolvingStep =
  | 'problem'
  | 'hands'
  | 'part'
  | 'goal'
  | 'options'
  | 'more'
  | 'choice'
  | 'cost'
  | 'step'
  | 'when'
  | 'obstacle'
  | 'review'
  | 'learned'
  | 'next';
export type ProblemSolvingSay =
  | 'thanks'
  | 'not-yours'
  | 'few'
  | 'enough'
  | 'chosen'
  | 'plan'
  | 'none'
  | 'well-done'
  | 'partly'
  | 'not-done'
  | 'kept';

const ENOUGH_OPTIONS = 3;

/**
 * Problem solving in its five steps: define, list options without judging, choose, plan, review.
 * D'Zurilla TJ, Goldfried MR, Problem solving and behavior modification, J Abnorm Psychol 1971;
 * Nezu AM, Nezu CM, D'Zurilla TJ, Problem-Solving Therapy: A Treatment Manual, Springer 2013. What
 * is in nobody's hands is narrowed to the part, or the response, that is.
 */
export const PROBLEM_SOLVING: Dialogue<ProblemSolvingStep, ProblemSolvingSay> = {
  first: 'problem',
  intention: { what: ['step', 'choice'], when: 'when' },
  review: 'review',
  steps: {
    problem: { expects: { kind: 'words' }, next: () => ({ to: 'hands', say: 'thanks' }) },
    hands: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => (isYes === false ? { to: 'part', say: 'not-yours' } : { to: 'goal' }),
    },
    part: { expects: { kind: 'words' }, next: () => ({ to: 'goal' }) },
    goal: { expects: { kind: 'words' }, next: () => ({ to: 'options' }) },
    options: {
      expects: { kind: 'list', count: ENOUGH_OPTIONS },
      next: ({ items }) =>
        items.length < ENOUGH_OPTIONS
          ? { to: 'more', say: 'few' }
          : { to: 'choice', say: 'enough' },
    },
    more: {
      expects: { kind: 'list', count: 1 },
      next: ({ isSkipped }, { options }) =>
        isSkipped && options === undefined ? { to: null, say: 'none' } : { to: 'choice' },
    },
    choice: {
      expects: { kind: 'pick', from: ['options', 'more'] },
      next: ({ isSkipped }) =>
        isSkipped ? { to: null, say: 'none' } : { to: 'cost', say: 'chosen' },
    },
    cost: { expects: { kind: 'words' }, next: () => ({ to: 'step' }) },
    step: { expects: { kind: 'words' }, next: () => ({ to: 'when' }) },
    when: { expects: { kind: 'words' }, next: () => ({ to: 'obstacle' }) },
    obstacle: { expects: { kind: 'words' }, next: () => ({ to: null, say: 'plan' }) },
    review: howItWent('learned', 'learned'),
    learned: { expects: { kind: 'words' }, next: () => ({ to: 'next' }) },
    next: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => (isYes === true ? { to: 'options' } : { to: null, say: 'kept' }),
    },
  },
};
