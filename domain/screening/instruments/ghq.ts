import type { QuestionnaireItem, QuestionnaireTemplate } from '../template.ts';

/**
 * The wording of the General Health Questionnaire is under copyright. Its structure and scoring
 * are shipped with labels that say nothing; a clinic with a licence loads the wording as a version
 * of its own. Option 1 is the most favourable answer of every question, option 4 the least.
 */
const NEUTRAL: Pick<
  QuestionnaireTemplate,
  'instructions' | 'language' | 'options' | 'reliability'
> = {
  instructions: 'The wording of this questionnaire has to be loaded by a clinic with a licence.',
  language: 'en',
  options: [0, 1, 2, 3].map((value) => ({ value, text: `Option ${value + 1}` })),
  // Published figures differ too much between populations to serve everybody.
  reliability: null,
};

const ATTRIBUTION =
  'General Health Questionnaire, David Goldberg. Its wording is under copyright and is not included.';

const USERS_GUIDE =
  'Goldberg DP, Williams P. A User’s Guide to the General Health Questionnaire. Windsor: NFER-Nelson, 1988';

const POINTS = { '0': 0, '1': 0, '2': 1, '3': 1 };

function items(type: string, count: number): QuestionnaireItem[] {
  return Array.from({ length: count }, (_, at) => ({
    number: at + 1,
    id: `${type}-${at + 1}`,
    text: `Question ${at + 1}`,
    kind: 'choice',
  }));
}

export const GHQ_12: QuestionnaireTemplate = {
  ...NEUTRAL,
  type: 'GHQ-12',
  title: 'General Health Questionnaire (GHQ-12)',
  description: 'Twelve questions about general health in the last weeks.',
  items: items('ghq-12', 12),
  methods: [
    { id: 'likert', title: 'Likert, 0-1-2-3', points: null, caseFrom: 12 },
    { id: 'ghq', title: 'GHQ, 0-0-1-1', points: POINTS, caseFrom: 3 },
  ],
  bands: [
    { min: 0, max: 15, label: 'minimal' },
    { min: 16, max: 20, label: 'moderate' },
    { min: 21, max: 36, label: 'severe' },
  ],
  categories: [
    { id: 'anxiety_depression', title: 'Anxiety and depression', items: [2, 5, 6, 9] },
    { id: 'social_dysfunction', title: 'Social dysfunction', items: [1, 3, 4, 7, 8, 12] },
    { id: 'loss_of_confidence', title: 'Loss of confidence', items: [10, 11] },
  ],
  flags: [
    {
      code: 'severe_total',
      description: 'A total in the severe range',
      kind: 'total',
      method: 'likert',
      atLeast: 21,
      alert: null,
    },
  ],
  source: `Scoring: ${USERS_GUIDE}. Cut-off of the GHQ method, 2/3: Goldberg DP et al. Psychol Med 1997;27:191-197; Kim YJ et al. Psychiatry Investig 2013;10:352-358. Categories: Graetz B. Soc Psychiatry Psychiatr Epidemiol 1991;26:132-138. For the Likert cut-off 11/12 and for the bands (over 15, over 20), which are in common use, no primary source was found: a clinic sets its own with the wording.`,
  attribution: ATTRIBUTION,
};

const SUBSCALE_BANDS = [
  { min: 0, max: 6, label: 'minimal' },
  { min: 7, max: 11, label: 'mild' },
  { min: 12, max: 16, label: 'moderate' },
  { min: 17, max: 21, label: 'severe' },
];

function subscale(first: number): number[] {
  return Array.from({ length: 7 }, (_, at) => first + at);
}

const IDEATION = {
  code: 'suicidal_ideation',
  description: 'Thoughts of death or suicide (questions 24, 25, 27 and 28)',
  kind: 'item',
  items: [24, 25, 27, 28],
} as const;

export const GHQ_28: QuestionnaireTemplate = {
  ...NEUTRAL,
  type: 'GHQ-28',
  title: 'General Health Questionnaire (GHQ-28)',
  description: 'Twenty-eight questions about general health in the last weeks, in four subscales.',
  items: items('ghq-28', 28),
  methods: [
    { id: 'likert', title: 'Likert, 0-1-2-3', points: null, caseFrom: 24 },
    { id: 'ghq', title: 'GHQ, 0-0-1-1', points: POINTS, caseFrom: 5 },
  ],
  bands: [
    { min: 0, max: 22, label: 'minimal' },
    { min: 23, max: 40, label: 'mild' },
    { min: 41, max: 60, label: 'moderate' },
    { min: 61, max: 84, label: 'severe' },
  ],
  categories: [
    {
      id: 'somatic_symptoms',
      title: 'Somatic symptoms',
      items: subscale(1),
      bands: SUBSCALE_BANDS,
    },
    {
      id: 'anxiety_insomnia',
      title: 'Anxiety and insomnia',
      items: subscale(8),
      bands: SUBSCALE_BANDS,
    },
    {
      id: 'social_dysfunction',
      title: 'Social dysfunction',
      items: subscale(15),
      bands: SUBSCALE_BANDS,
    },
    {
      id: 'severe_depression',
      title: 'Severe depression',
      items: subscale(22),
      bands: SUBSCALE_BANDS,
    },
  ],
  // Any answer but the most favourable one is a sign; the two worst count by the GHQ method.
  flags: [
    { ...IDEATION, atLeast: 1, alert: 'medium' },
    { ...IDEATION, atLeast: 2, alert: 'high' },
    { ...IDEATION, atLeast: 3, alert: 'critical' },
    {
      code: 'severe_total',
      description: 'A total in the severe range',
      kind: 'total',
      method: 'likert',
      atLeast: 61,
      alert: null,
    },
  ],
  source: `Scoring and subscales: Goldberg DP, Hillier VF. A scaled version of the General Health Questionnaire. Psychol Med 1979;9:139-145; ${USERS_GUIDE}. Cut-offs 4/5 (GHQ method) and 23/24 (Likert): Sterling M. J Physiother 2011, doi:10.1016/S1836-9553(11)70060-1. Bands of the total and of the subscales: not Goldberg’s, who gives none; Int J Ment Health Syst 2019, doi:10.1186/s13033-019-0315-6, table 1. A clinic sets its own with the wording.`,
  attribution: ATTRIBUTION,
};
