import type { CompanionResource } from '../../types.ts';

export const RESOURCES: readonly CompanionResource[] = [
  {
    topic: 'grounding',
    type: 'coping-strategy',
    title: '5-4-3-2-1 Grounding',
    description:
      'Name five things you see, four you feel, three you hear, two you smell, one you taste.',
  },
  {
    topic: 'support',
    type: 'support',
    title: 'Talking to a Person',
    description: 'Somebody of the clinic can join you in a support session. Just ask.',
  },
];
