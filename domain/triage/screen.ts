import { SEVERITIES } from './types.ts';
import type { Category, SafeDetection, Severity } from './types.ts';

/** What an alert raised by the detector is about. */
export type AlertType = Category | 'detector_failure' | 'unread_text';

/** A category found, or why a human has to read the text instead of the detector. */
export type ScreeningFlag = AlertType;

/** Below this nobody is called: a low finding is a note in the margin. */
const ALERTS_FROM: Severity = 'medium';

/** What becomes of a text after the detector has read it. */
export interface Screening {
  readonly finding: SafeDetection;
  /** Of the alert to raise; null when there is none to raise. */
  readonly severity: Severity | null;
  /** Of the alert to raise; null exactly when `severity` is. */
  readonly type: AlertType | null;
  /** Codes without any words of the text, the gravest first, each once. */
  readonly flags: readonly ScreeningFlag[];
}

/** A failed detector is a reason to call a human, and so is a text that it did not read whole. */
export function screeningOf(finding: SafeDetection): Screening {
  if (finding.failed) {
    const type = 'detector_failure';
    return { finding, severity: finding.severity, type, flags: [type] };
  }
  // The gravest comes first in the evidence, and a set keeps its order.
  const found = finding.evidence.filter(({ severity }) => isAlerting(severity));
  const flags: ScreeningFlag[] = [...new Set(found.map(({ category }) => category))];
  if (finding.isTruncated) flags.push('unread_text');
  const severity = found[0]?.severity ?? (finding.isTruncated ? ALERTS_FROM : null);
  return { finding, severity, type: flags[0] ?? null, flags };
}

function isAlerting(severity: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(ALERTS_FROM);
}
