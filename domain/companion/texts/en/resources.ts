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
    topic: 'breathing',
    type: 'coping-strategy',
    title: 'Slow Breathing',
    description: 'In for 4, out for 6, for a few minutes: the longer breath out calms the body.',
  },
  {
    topic: 'activation',
    type: 'coping-strategy',
    title: 'One Small Step',
    description: 'One planned thing, small enough for a bad day. The wish comes after the doing.',
  },
  {
    topic: 'thoughts',
    type: 'coping-strategy',
    title: 'Thought Record',
    description: 'What happened, what went through your mind, what speaks for it and what against.',
  },
  {
    topic: 'sleep',
    type: 'educational',
    title: 'Better Nights',
    description:
      'Get up at the same time every day, keep the bed for sleep, and leave it when you lie awake.',
  },
  {
    topic: 'problem-solving',
    type: 'coping-strategy',
    title: 'Problem Solving in Five Steps',
    description: 'Define it, list options without judging, choose one, plan it, look back.',
  },
  {
    topic: 'support',
    type: 'support',
    title: 'Talking to a Person',
    description: 'Somebody of the clinic can join you in a support session. Just ask.',
  },
];
