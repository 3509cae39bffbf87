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
}

const MARK = 'holdfast-report';

/** As it is sealed with the report. */
export function writeWords(words: ReportWords): string {
  return JSON.stringify({ [MARK]: 1, ...words });
}

/** Reports of other ways in are a plain text. */
export function readWords(sealed: string): ReportWords {
  try {
    const value: unknown = JSON.parse(sealed);
    const isReport = typeof value === 'object' && value !== null && MARK in value;
    return isReport ? (value as unknown as ReportWords) : { description: sealed };
  } catch {
    return { description: sealed };
  }
}
