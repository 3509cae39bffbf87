import type { CompanionState, Mood, Topic } from './types.ts';

/** What tends to help whom, the first first. */
const HELPS: Readonly<Record<Mood, readonly Topic[]>> = {
  anxious: ['breathing', 'grounding', 'thoughts'],
  low: ['activation', 'thoughts', 'sleep'],
  overwhelmed: ['problem-solving', 'grounding', 'breathing'],
  angry: ['breathing', 'thoughts', 'problem-solving'],
  lonely: ['activation', 'thoughts'],
  tired: ['sleep', 'breathing', 'activation'],
  guilty: ['thoughts', 'activation'],
  better: ['activation', 'thoughts'],
  neutral: ['breathing', 'activation', 'problem-solving'],
};

/** What to offer somebody: first what they haven't done in this conversation. */
export function helpfulTopics(mood: Mood, { finished }: Pick<CompanionState, 'finished'>): Topic[] {
  const helpful = HELPS[mood];
  return [
    ...helpful.filter((topic) => !finished.includes(topic)),
    ...helpful.filter((topic) => finished.includes(topic)),
  ];
}
