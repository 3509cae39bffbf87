import { SEVERITIES } from './types.ts';
import type { Category, SafeDetection, Severity } from './types.ts';

/** What an alert raised by the detector is about. */
export type AlertType = Category | 'detector_failure' | 'unread_text';

/** A category found, or why a human has to read the text instead of the detector. */
export type ScreeningFlag = AlertType;

/** Below this nobody is called: a low finding is a note in the margin. */
const ALERTS_FROM: Severity = 'medium';

/** What the detector made of a text. */
interface Screened {
  readonly finding: SafeDetection;
  /** Codes without any words of the text, the gravest first, each once. */
  readonly flags: readonly ScreeningFlag[];
}

/** There is no alert to raise. */
export interface Quiet extends Screened {
  readonly severity: null;
  readonly type: null;
}

/** Of the alert to raise. */
export interface Alarming extends Screened {
  readonly severity: Severity;
  readonly type: AlertType;
}

/** What becomes of a text after the detector has read it. */
export type Screening = Quiet | Alarming;

/** A failed detector is a reason to call a human, and so is a text that it did not read whole. */
export function screeningOf(finding: SafeDetection): Screening {
  if (finding.failed) {
    const type = 'detector_failure';
    return { finding, severity: finding.severity, type, flags: [type] };
  }
  const found = finding.evidence.filter(({ severity }) => isAlerting(severity));
  const unread: readonly ScreeningFlag[] = finding.isTruncated ? ['unread_text'] : [];
  // The gravest comes first in the evidence, and a set keeps its order.
  const flags = [...new Set(found.map(({ category }) => category)), ...unread];
  const [type] = flags;
  if (type === undefined) return { finding, severity: null, type: null, flags };
  return { finding, severity: found[0]?.severity ?? ALERTS_FROM, type, flags };
}

/** Whether one asks for help faster than another. */
export function isGraver(one: Screening, other: Screening): boolean {
  return rankOf(one) > rankOf(other);
}

function rankOf({ severity }: Screening): number {
  return severity === null ? -1 : SEVERITIES.indexOf(severity);
}

function isAlerting(severity: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(ALERTS_FROM);
}
