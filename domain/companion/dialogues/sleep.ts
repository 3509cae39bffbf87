import { type Dialogue, howItWent } from '../dialogue.ts';

export type SleepStep =
  'kind' | 'long' | 'snore' | 'awake' | 'habit' | 'change' | 'when' | 'review' | 'noticed';
export type SleepSay =
  | 'falling-asleep'
  | 'waking'
  | 'early'
  | 'nightmares'
  | 'any'
  | 'months'
  | 'short'
  | 'doctor'
  | 'get-up'
  | 'good'
  | 'screens'
  | 'caffeine'
  | 'naps'
  | 'worries'
  | 'plan'
  | 'open'
  | 'well-done'
  | 'partly'
  | 'not-done'
  | 'kept';

const KINDS = ['falling-asleep', 'waking', 'early', 'nightmares'] as const;
const HABITS = ['screens', 'caffeine', 'naps', 'worries'] as const;
const CHANGES = ['out-of-bed', 'same-time', 'wind-down', 'bed-for-sleep'] as const;

/**
 * Stimulus control with some sleep hygiene: Bootzin RR, Stimulus control treatment for insomnia,
 * Proceedings of the American Psychological Association 1972; Morin CM, Insomnia: Psychological
 * Assessment and Management, Guilford 1993; Edinger JD et al., Behavioral and psychological
 * treatments for chronic insomnia disorder in adults, J Clin Sleep Med 2021, which recommends
 * against sleep hygiene alone: so habits are asked about, and one rule of stimulus control is
 * planned. Sleep restriction is left to clinicians. Loud snoring with pauses in breath goes to a
 * doctor, and whoever has slept badly for three months hears of the treatment that is for it.
 */
export const SLEEP: Dialogue<SleepStep, SleepSay> = {
  first: 'kind',
  intention: { what: ['change'], when: 'when' },
  review: 'review',
  steps: {
    kind: {
      expects: { kind: 'choice', options: KINDS },
      next: ({ option }) => ({
        to: 'long',
        say: KINDS.find((kind) => kind === option) ?? 'any',
      }),
    },
    long: {
      expects: { kind: 'choice', options: ['days', 'weeks', 'months'] },
      next: ({ option }) => ({ to: 'snore', say: option === 'months' ? 'months' : 'short' }),
    },
    snore: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => (isYes === true ? { to: 'awake', say: 'doctor' } : { to: 'awake' }),
    },
    awake: {
      expects: { kind: 'yes-no' },
      next: ({ isYes }) => ({ to: 'habit', say: isYes === true ? 'get-up' : 'good' }),
    },
    habit: {
      expects: { kind: 'choice', options: [...HABITS, 'no-habit'] },
      next: ({ option }) => {
        const say = HABITS.find((habit) => habit === option);
        return say === undefined ? { to: 'change' } : { to: 'change', say };
      },
    },
    change: {
      expects: { kind: 'choice', options: CHANGES },
      next: ({ isSkipped }) => (isSkipped ? { to: null, say: 'open' } : { to: 'when' }),
    },
    when: { expects: { kind: 'words' }, next: () => ({ to: null, say: 'plan' }) },
    review: howItWent('noticed', 'change'),
    noticed: { expects: { kind: 'words' }, next: () => ({ to: null, say: 'kept' }) },
  },
};
