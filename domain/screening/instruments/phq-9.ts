import type { QuestionnaireTemplate } from '../template.ts';
import { phqScale } from './phq.ts';

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

const KROENKE =
  'Kroenke K, Spitzer RL, Williams JBW. The PHQ-9: validity of a brief depression severity measure. J Gen Intern Med 2001;16:606-613';

/**
 * Bands and cut-off as Kroenke et al. 2001 publish them. Published two-factor models agree on the
 * questions of mood and of the body; those of concentration and movement, on which they don't,
 * stand by themselves.
 */
export const PHQ_9: QuestionnaireTemplate = {
  ...phqScale('PHQ-9', QUESTIONS),
  type: 'PHQ-9',
  title: 'Patient Health Questionnaire (PHQ-9)',
  description: 'Nine questions about signs of depression in the last two weeks.',
  instructions:
    'Over the last 2 weeks, how often have you been bothered by any of the following problems?',
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
    source: `${KROENKE}: Cronbach alpha .89 in primary care; mean 17.1, standard deviation 6.1 in the 41 patients with major depression`,
  },
  source: `Questions, bands, cut-off: ${KROENKE}. Categories: for reading alone, without cut-offs; after the two-factor models, such as Tibubos AN et al. BMC Psychiatry 2021, doi:10.1186/s12888-021-03234-x, which differ from each other on questions 7 and 8.`,
};
