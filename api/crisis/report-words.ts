import type { EmergencyContact, ReportedPlace } from './read-body.ts';

/** What a report says in words, and where; all of it is sealed at rest. */
export interface ReportWords {
  readonly description: string | null;
  readonly triggerText?: string;
  readonly detectionMethod?: string;
  readonly immediateAction?: string;
  readonly riskFactors?: readonly string[];
  readonly requestedActions?: readonly string[];
  readonly place?: ReportedPlace;
  readonly phone?: string;
  readonly emergencyContact?: EmergencyContact;
  /** The session whose room it came from. */
  readonly roomSessionId?: string;
  /** Whom it is about, where somebody has called for help for another. */
  readonly concerns?: string;
}

/** As it is sealed with the report: JSON with a `description`, as every way in writes it. */
export function writeWords(words: ReportWords): string {
  return JSON.stringify({ ...words, description: words.description ?? words.triggerText ?? null });
}

/** Some ways in seal a plain text. */
export function readWords(sealed: string): ReportWords {
  try {
    const value: unknown = JSON.parse(sealed);
    const isReport = typeof value === 'object' && value !== null && 'description' in value;
    return isReport ? (value as ReportWords) : { description: sealed };
  } catch {
    return { description: sealed };
  }
}
