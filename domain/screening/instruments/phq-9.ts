import type { QuestionnaireTemplate } from '../template.ts';

const QUESTIONS = [
  'Little interest or pleasure in doing things',
  'Feeling down, depressed, or hopeless',
  'Trouble falling or staying asleep, or sleeping too much',
  'Feeling tired or having little energy',
  'Poor appetite or overeating',
  'Feeling bad about yourself - or that you are a failure or have let yourself or your family down',
  'Trouble concentrating on things, such as reading the newspaper or watching television',
  'Moving or speaking so slowly that other people could have noticed? Or the opposite - being so fidgety or restless that you have been moving around a lot more than usual',
  'Thoughts that you would be better off dead or of hurting yourself in some way',
];

const IDEATION = {
  code: 'suicidal_ideation',
  description: 'Thoughts of being better off dead or of self-harm (question 9)',
  kind: 'item',
  items: [9],
} as const;

/** Free to reproduce, with attribution. */
export const PHQ_9: QuestionnaireTemplate = {
  type: 'PHQ-9',
  title: 'Patient Health Questionnaire (PHQ-9)',
  description: 'Nine questions about signs of depression in the last two weeks.',
  instructions:
    'Over the last 2 weeks, how often have you been bothered by any of the following problems?',
  language: 'en',
  options: [
    { value: 0, text: 'Not at all' },
    { value: 1, text: 'Several days' },
    { value: 2, text: 'More than half the days' },
    { value: 3, text: 'Nearly every day' },
  ],
  items: QUESTIONS.map((text, at) => ({
    number: at + 1,
    id: `phq-9-${at + 1}`,
    text,
    kind: 'choice',
  })),
  methods: [{ id: 'sum', title: 'Sum of the answers', points: null, caseFrom: 10 }],
  bands: [
    { min: 0, max: 4, label: 'minimal' },
    { min: 5, max: 9, label: 'mild' },
    { min: 10, max: 14, label: 'moderate' },
    { min: 15, max: 19, label: 'moderately severe' },
    { min: 20, max: 27, label: 'severe' },
  ],
  categories: [
    { id: 'mood', title: 'Mood', items: [1, 2, 6, 9] },
    { id: 'somatic', title: 'Sleep, energy and appetite', items: [3, 4, 5] },
    { id: 'cognitive', title: 'Concentration and movement', items: [7, 8] },
  ],
  flags: [
    { ...IDEATION, atLeast: 1, alert: 'high' },
    { ...IDEATION, atLeast: 3, alert: 'critical' },
    {
      code: 'severe_total',
      description: 'A total in the severe range',
      kind: 'total',
      method: 'sum',
      atLeast: 20,
      alert: 'medium',
    },
  ],
  // By these figures a change of 6 points is reliable, which is also what NHS Talking Therapies use.
  reliability: {
    coefficient: 0.89,
    kind: 'internal_consistency',
    standardDeviation: 6.1,
    source:
      'Kroenke K, Spitzer RL, Williams JBW. The PHQ-9: validity of a brief depression severity measure. J Gen Intern Med 2001;16:606-613 (Cronbach alpha in primary care; standard deviation in major depression)',
  },
  source:
    'Kroenke K, Spitzer RL, Williams JBW. The PHQ-9: validity of a brief depression severity measure. J Gen Intern Med 2001;16:606-613',
  attribution:
    'Developed by Drs. Robert L. Spitzer, Janet B.W. Williams, Kurt Kroenke and colleagues, with an educational grant from Pfizer Inc. No permission required to reproduce, translate, display or distribute.',
};
