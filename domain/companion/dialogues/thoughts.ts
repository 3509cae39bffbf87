import { type Dialogue, change } from '../dialogue.ts';

export type ThoughtsStep =
  | 'situation'
  | 'feeling'
  | 'before'
  | 'thought'
  | 'believed'
  | 'for'
  | 'against'
  | 'friend'
  | 'balanced'
  | 'after';
export type ThoughtsSay =
  | 'thanks'
  | 'heavy'
  | 'convinced'
  | 'doubting'
  | 'hard-to-see'
  | 'kind'
  | 'easier'
  | 'same'
  | 'harder'
  | 'done';

const HEAVY_FROM = 8;
const CONVINCED_FROM = 7;

/**
 * The thought record: situation, feeling and its strength, the automatic thought and how far it is
 * believed, what speaks for and against it, a fairer one, the feeling again. Beck AT, Rush AJ, Shaw
 * BF, Emery G, Cognitive Therapy of Depression, Guilford 1979; with the columns of Greenberger D,
 * Padesky CA, Mind Over Mood, Guilford 1995. Thoughts are weighed, never called wrong.
 */
export const THOUGHTS: Dialogue<ThoughtsStep, ThoughtsSay> = {
  first: 'situation',
  steps: {
    situation: { expects: { kind: 'words' }, next: () => ({ to: 'feeling', say: 'thanks' }) },
    feeling: { expects: { kind: 'words' }, next: () => ({ to: 'before' }) },
    before: {
      expects: { kind: 'rating' },
      next: ({ rating }) =>
        rating !== null && rating >= HEAVY_FROM
          ? { to: 'thought', say: 'heavy' }
          : { to: 'thought' },
    },
    thought: {
      expects: { kind: 'words' },
      next: ({ isSkipped }) => ({ to: isSkipped ? 'friend' : 'believed' }),
    },
    believed: {
      expects: { kind: 'rating' },
      next: ({ rating }) => {
        if (rating === null) return { to: 'for' };
        return { to: 'for', say: rating >= CONVINCED_FROM ? 'convinced' : 'doubting' };
      },
    },
    for: { expects: { kind: 'words' }, next: () => ({ to: 'against' }) },
    against: {
      expects: { kind: 'words' },
      next: ({ isSkipped }) =>
        isSkipped ? { to: 'friend', say: 'hard-to-see' } : { to: 'friend' },
    },
    friend: { expects: { kind: 'words' }, next: () => ({ to: 'balanced', say: 'kind' }) },
    balanced: { expects: { kind: 'words' }, next: () => ({ to: 'after' }) },
    after: {
      expects: { kind: 'rating' },
      next: ({ rating }, { before }) => {
        const found = change(before, rating);
        if (found === 'unknown') return { to: null, say: 'done' };
        return found === 'harder'
          ? { to: null, say: found, offer: 'grounding' }
          : { to: null, say: found };
      },
    },
  },
};
