import type { Principal } from '../access/principal.ts';
import type { TriggerSource } from '../../db/crisis-intake.ts';
import type { Questionnaire } from '../../db/questionnaires.ts';
import { ANSWER_ALERT_TYPE } from '../../db/screening-danger.ts';
import { type AlertSeverity, graver } from '../../domain/escalation-policy.ts';
import type { Screening } from '../../domain/triage/screen.ts';
import { asWritten } from '../crisis/as-written.ts';
import type { ReportedTrigger } from '../crisis/intake.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { AnswerBody } from './read-answer.ts';

export const ANSWER_SOURCE: TriggerSource = 'screening';

/** An answer, with all in it that may call a human. */
export interface AlarmingAnswer {
  readonly questionnaire: Questionnaire;
  readonly number: number;
  readonly body: AnswerBody;
  /** Of its words. */
  readonly screening: Screening;
  /** What the value chosen calls a human for at once; null for nothing. */
  readonly danger: AlertSeverity | null;
}

/** One report of words and value together; null for an answer that calls nobody at once. */
export function reportOfAnswer(
  { clinicId, personId }: Principal,
  { questionnaire, number, body, screening, danger }: AlarmingAnswer,
): ReportedTrigger | null {
  const common = {
    clinicId,
    personId,
    source: ANSWER_SOURCE,
    sessionId: null,
    messageId: null,
    reportedBy: personId,
  };
  const { severity } = screening;
  if (severity !== null) {
    const { type } = screening;
    return { ...common, severity: graver(severity, danger), type, words: wordsOf(body) };
  }
  if (danger === null) return null;
  const words = `Screening ${questionnaire.type}, not completed yet: the answer to question ${number}.`;
  return { ...common, severity: danger, type: ANSWER_ALERT_TYPE, words };
}

/** The answer's own words, and all that came with them where those say nothing of a crisis. */
export function wordsOf(body: AnswerBody): string {
  const { selectedText: text } = body;
  return typeof text === 'string' && screenWords(text).severity !== null ? text : asWritten(body);
}
