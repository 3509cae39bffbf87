import { type Dialogue, type Move, type StepAnswer, howItFeels } from '../dialogue.ts';

export type GroundingStep = 'before' | 'see' | 'touch' | 'hear' | 'smell' | 'taste' | 'after';
export type GroundingSay =
  'go' | 'strong' | 'some' | 'noticed' | 'easier' | 'same' | 'harder' | 'done';

const STRONG_FROM = 8;

/**
 * The 5-4-3-2-1 exercise: sensory grounding, to be found in Najavits LM, Seeking Safety: A
 * Treatment Manual for PTSD and Substance Abuse (Guilford 2002), as "physical" and "mental"
 * grounding; the counting down through five senses is a common form of it. A rating from 0 to 10
 * before and after shows whether it did anything. Whoever finds less than asked for is not
 * corrected: the point is to look, not to count.
 */
export const GROUNDING: Dialogue<GroundingStep, GroundingSay> = {
  first: 'before',
  steps: {
    before: {
      expects: { kind: 'rating' },
      next: ({ rating }) => ({
        to: 'see',
        say: rating !== null && rating >= STRONG_FROM ? 'strong' : 'go',
      }),
    },
    see: { expects: { kind: 'list', count: 5, isLoose: true }, next: on('touch', 5) },
    touch: { expects: { kind: 'list', count: 4, isLoose: true }, next: on('hear', 4) },
    hear: { expects: { kind: 'list', count: 3, isLoose: true }, next: on('smell', 3) },
    smell: { expects: { kind: 'list', count: 2, isLoose: true }, next: on('taste', 2) },
    taste: { expects: { kind: 'list', count: 1, isLoose: true }, next: on('after', 1) },
    after: howItFeels('breathing'),
  },
};

function on(to: GroundingStep, count: number) {
  return ({ items }: StepAnswer): Move<GroundingStep, GroundingSay> => ({
    to,
    say: items.length >= count ? 'noticed' : 'some',
  });
}
