import type { Category, Severity, Subject } from '../../../domain/triage/types.ts';

/** A text, how grave it is at the least, and where it matters what it is about and whose it is. */
export type Case = readonly [
  text: string,
  atLeast: Severity,
  category?: Category | undefined,
  subject?: Subject,
];
