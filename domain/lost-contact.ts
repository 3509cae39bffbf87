import type { AlertSeverity } from './escalation-policy.ts';

/** What is done, one after the other, about somebody at high risk who is not there any more. */
export const LOST_STEPS = ['call_back', 'emergency_contact', 'on_call'] as const;
export type LostStep = (typeof LOST_STEPS)[number];

export interface LostContact {
  readonly sinceMs: number;
  /** How many of the steps have been taken. */
  readonly taken: number;
}

const MINUTE_MS = 60_000;

/** After so long without the person, each step is taken. */
const AFTER_MS: Readonly<Record<LostStep, Partial<Record<AlertSeverity, number>>>> = {
  call_back: { critical: MINUTE_MS, high: 2 * MINUTE_MS },
  emergency_contact: { critical: 3 * MINUTE_MS, high: 6 * MINUTE_MS },
  on_call: { critical: 5 * MINUTE_MS, high: 10 * MINUTE_MS },
};

/** Whether somebody's absence is followed up at all: who was at no high risk may just have left. */
export function isFollowedUp(severity: AlertSeverity): boolean {
  return AFTER_MS.call_back[severity] !== undefined;
}

/** The next step and when it is due; null once all have been taken, or where none is. */
export function nextLostStep(
  { sinceMs, taken }: LostContact,
  severity: AlertSeverity,
): { readonly step: LostStep; readonly dueAtMs: number } | null {
  const step = LOST_STEPS[taken];
  const afterMs = step === undefined ? undefined : AFTER_MS[step][severity];
  if (step === undefined || afterMs === undefined) return null;
  return { step, dueAtMs: sinceMs + afterMs };
}
