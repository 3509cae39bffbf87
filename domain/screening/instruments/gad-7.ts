import type { QuestionnaireTemplate } from '../template.ts';

const QUESTIONS = [
  'Feeling nervous, anxious or on edge',
  'Not being able to stop or control worrying',
  'Worrying too much about different things',
  'Trouble relaxing',
  'Being so restless that it is hard to sit still',
  'Becoming easily annoyed or irritable',
  'Feeling afraid as if something awful might happen',
];

/** Free to reproduce, with attribution. */
export const GAD_7: QuestionnaireTemplate = {
  type: 'GAD-7',
  title: 'Generalized Anxiety Disorder scale (GAD-7)',
  description: 'Seven questions about signs of anxiety in the last two weeks.',
  instructions:
    'Over the last 2 weeks, how often have you been bothered by the following problems?',
  language: 'en',
  options: [
    { value: 0, text: 'Not at all' },
    { value: 1, text: 'Several days' },
    { value: 2, text: 'More than half the days' },
    { value: 3, text: 'Nearly every day' },
  ],
  items: QUESTIONS.map((text, at) => ({
    number: at + 1,
    id: `gad-7-${at + 1}`,
    text,
    kind: 'choice',
  })),
  methods: [{ id: 'sum', title: 'Sum of the answers', points: null, caseFrom: 10 }],
  bands: [
    { min: 0, max: 4, label: 'minimal' },
    { min: 5, max: 9, label: 'mild' },
    { min: 10, max: 14, label: 'moderate' },
    { min: 15, max: 21, label: 'severe' },
  ],
  categories: [
    { id: 'anxiety', title: 'Worry and fear', items: [1, 2, 3, 7] },
    { id: 'tension', title: 'Tension and restlessness', items: [4, 5, 6] },
  ],
  flags: [
    {
      code: 'severe_total',
      description: 'A total in the severe range',
      kind: 'total',
      method: 'sum',
      atLeast: 15,
      alert: null,
    },
  ],
  // By these figures a change of 4 points is reliable, which is also what NHS Talking Therapies use.
  reliability: {
    coefficient: 0.92,
    kind: 'internal_consistency',
    standardDeviation: 4.7,
    source:
      'Spitzer RL, Kroenke K, Williams JBW, Löwe B. A brief measure for assessing generalized anxiety disorder: the GAD-7. Arch Intern Med 2006;166:1092-1097 (Cronbach alpha; standard deviation in generalized anxiety disorder)',
  },
  source:
    'Spitzer RL, Kroenke K, Williams JBW, Löwe B. A brief measure for assessing generalized anxiety disorder: the GAD-7. Arch Intern Med 2006;166:1092-1097',
  attribution:
    'Developed by Drs. Robert L. Spitzer, Janet B.W. Williams, Kurt Kroenke and colleagues, with an educational grant from Pfizer Inc. No permission required to reproduce, translate, display or distribute.',
};
