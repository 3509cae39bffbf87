import { type Dialogue, howItFeels } from '../dialogue.ts';

export type BreathingStep = 'before' | 'body' | 'first' | 'dizzy' | 'second' | 'more' | 'after';
export type BreathingSay =
  'go' | 'doctor' | 'slower' | 'gentler' | 'fine' | 'easier' | 'same' | 'harder' | 'done';

/**
 * Slow breathing at about six breaths a minute with the longer part breathing out: Lehrer PM,
 * Gevirtz R, Heart rate variability biofeedback: how and why does it work?, Front Psychol 2014;
 * Zaccaro A et al., How breath-control can change your life, Front Hum Neurosci 2018. Whoever has
 * trouble with breath or heart is sent to a doctor instead; whoever gets dizzy breathes shallower,
 * without counting.
 */
export const BREATHING: Dialogue<BreathingStep, BreathingSay> = {
  first: 'before',
  steps: {
    before: { expects: { kind: 'rating' }, next: () => ({ to: 'body', say: 'go' }) },
    body: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) =>
        isYes === true ? { to: null, say: 'doctor', offer: 'grounding' } : { to: 'first' },
    },
    first: { expects: { kind: 'ready' }, next: () => ({ to: 'dizzy' }) },
    dizzy: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) =>
        isYes === true ? { to: 'after', say: 'gentler' } : { to: 'second', say: 'fine' },
    },
    second: { expects: { kind: 'ready' }, next: () => ({ to: 'more' }) },
    more: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => (isYes === true ? { to: 'second', say: 'slower' } : { to: 'after' }),
    },
    after: howItFeels('grounding'),
  },
};
