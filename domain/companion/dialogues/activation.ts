import { type Dialogue, howItWent } from '../dialogue.ts';

export type ActivationStep =
  | 'mood'
  | 'area'
  | 'activity'
  | 'small'
  | 'smaller'
  | 'when'
  | 'obstacle'
  | 'fallback'
  | 'sure'
  | 'shrink'
  | 'review'
  | 'noticed'
  | 'hindered'
  | 'retry';
export type ActivationSay =
  | 'low'
  | 'some'
  | 'people'
  | 'body'
  | 'home'
  | 'joy'
  | 'meaning'
  | 'anything'
  | 'cut'
  | 'clear'
  | 'unsure'
  | 'plan'
  | 'later'
  | 'well-done'
  | 'partly'
  | 'not-done'
  | 'kept';

const LOW_UP_TO = 3;
/** Below this a plan is too big: it is made smaller until it is nearly sure to happen. */
const SURE_FROM = 7;
const AREAS = ['people', 'body', 'home', 'joy', 'meaning'] as const;

/**
 * Behavioural activation, one planned activity at a time: Lejuez CW, Hopko DR, Hopko SD, A brief
 * behavioral activation treatment for depression, Behav Modif 2001 (life areas, small steps, a
 * plan with a time); Martell CR, Dimidjian S, Herman-Dunn R, Behavioral Activation for Depression:
 * A Clinician's Guide, Guilford 2010 (from the outside in, obstacles thought of before, review).
 */
export const ACTIVATION: Dialogue<ActivationStep, ActivationSay> = {
  first: 'mood',
  intention: { what: ['shrink', 'smaller', 'activity'], when: 'when' },
  review: 'review',
  steps: {
    mood: {
      expects: { kind: 'rating' },
      next: ({ rating }) => ({
        to: 'area',
        say: rating !== null && rating <= LOW_UP_TO ? 'low' : 'some',
      }),
    },
    area: {
      expects: { kind: 'choice', options: AREAS },
      next: ({ option }) => ({
        to: 'activity',
        say: AREAS.find((area) => area === option) ?? 'anything',
      }),
    },
    activity: {
      expects: { kind: 'words' },
      next: ({ isSkipped }) => (isSkipped ? { to: null, say: 'later' } : { to: 'small' }),
    },
    small: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => (isYes === true ? { to: 'when' } : { to: 'smaller', say: 'cut' }),
    },
    smaller: { expects: { kind: 'words' }, next: () => ({ to: 'when', say: 'clear' }) },
    when: { expects: { kind: 'words' }, next: () => ({ to: 'obstacle' }) },
    obstacle: {
      expects: { kind: 'words' },
      next: ({ isSkipped }) => (isSkipped ? { to: 'sure' } : { to: 'fallback' }),
    },
    fallback: { expects: { kind: 'words' }, next: () => ({ to: 'sure', say: 'clear' }) },
    sure: {
      expects: { kind: 'rating' },
      next: ({ rating }) =>
        rating !== null && rating < SURE_FROM
          ? { to: 'shrink', say: 'unsure' }
          : { to: null, say: 'plan' },
    },
    shrink: { expects: { kind: 'words' }, next: () => ({ to: null, say: 'plan' }) },
    review: howItWent('noticed', 'hindered'),
    noticed: { expects: { kind: 'words' }, next: () => ({ to: null, say: 'kept' }) },
    hindered: { expects: { kind: 'words' }, next: () => ({ to: 'retry' }) },
    retry: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => (isYes === true ? { to: 'activity' } : { to: null, say: 'later' }),
    },
  },
};
