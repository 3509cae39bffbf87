import type { QuestionnaireTemplate } from '../template.ts';
import { phqScale } from './phq.ts';

const QUESTIONS = [
  'Feeling nervous, anxious or on edge',
  'Not being able to stop or control worrying',
  'Worrying too much about different things',
  'Trouble relaxing',
  'Being so restless that it is hard to sit still',
  'Becoming easily annoyed or irritable',
  'Feeling afraid as if something awful might happen',
];

const SPITZER =
  'Spitzer RL, Kroenke K, Williams JBW, Löwe B. A brief measure for assessing generalized anxiety disorder: the GAD-7. Arch Intern Med 2006;166:1092-1097';

/** Bands and cut-off as Spitzer et al. 2006 publish them. */
export const GAD_7: QuestionnaireTemplate = {
  ...phqScale('GAD-7', QUESTIONS),
  type: 'GAD-7',
  title: 'Generalized Anxiety Disorder scale (GAD-7)',
  description: 'Seven questions about signs of anxiety in the last two weeks.',
  instructions:
    'Over the last 2 weeks, how often have you been bothered by the following problems?',
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
    source: `${SPITZER}: Cronbach alpha .92; mean 14.4 in generalized anxiety disorder. The standard deviation of 4.7 in the same group could not be checked against the paper's full text: a clinic may set its own.`,
  },
  source: `Questions, bands, cut-off: ${SPITZER}. Categories: for reading alone, without cut-offs; the somatic questions and the cognitive ones, after models such as Boothroyd L et al. 2018, doi:10.15761/HPC.1000145. One factor is as well supported: Johnson SU et al. 2019, PMC6691128.`,
};
