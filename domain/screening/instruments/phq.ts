import type { QuestionnaireTemplate } from '../template.ts';

type Common = Pick<
  QuestionnaireTemplate,
  'language' | 'options' | 'items' | 'methods' | 'attribution'
>;

/** From this total on PHQ-9 and GAD-7 both count a case, as published of each. */
const CASE_FROM = 10;

/**
 * What the scales of the Patient Health Questionnaire have in common. They are free to reproduce,
 * with attribution.
 */
export function phqScale(type: string, questions: readonly string[]): Common {
  return {
    language: 'en',
    options: [
      { value: 0, text: 'Not at all' },
      { value: 1, text: 'Several days' },
      { value: 2, text: 'More than half the days' },
      { value: 3, text: 'Nearly every day' },
    ],
    items: questions.map((text, at) => ({
      number: at + 1,
      id: `${type.toLowerCase()}-${at + 1}`,
      text,
      kind: 'choice',
    })),
    methods: [{ id: 'sum', title: 'Sum of the answers', points: null, caseFrom: CASE_FROM }],
    attribution:
      'Developed by Drs. Robert L. Spitzer, Janet B.W. Williams, Kurt Kroenke and colleagues, with an educational grant from Pfizer Inc. No permission required to reproduce, translate, display or distribute.',
  };
}
