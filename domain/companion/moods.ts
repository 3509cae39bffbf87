import type { CompanionState, Mood, Topic } from './types.ts';

/** What tends to help whom, the first first. */
const HELPS: Readonly<Record<Mood, readonly Topic[]>> = {
  anxious: ['grounding'],
  low: ['grounding'],
  overwhelmed: ['grounding'],
  angry: ['grounding'],
  lonely: ['grounding'],
  tired: ['grounding'],
  guilty: ['grounding'],
  better: [],
  neutral: ['grounding'],
};

/** What to offer somebody: first what they haven't done in this conversation. */
export function helpfulTopics(mood: Mood, { finished }: Pick<CompanionState, 'finished'>): Topic[] {
  const helpful = HELPS[mood];
  return [
    ...helpful.filter((topic) => !finished.includes(topic)),
    ...helpful.filter((topic) => finished.includes(topic)),
  ];
}
