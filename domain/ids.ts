/** Workflow ids come from here alone: opaque, without health data, and with an inverse. */
const KINDS = [
  'session',
  'enrolment',
  'reconciliation',
  'credit-purchase',
  'calendar-import',
  'offer',
  'absence',
  'support',
  'alert',
  'room',
  'transcript',
] as const;

export type WorkflowKind = (typeof KINDS)[number];

export interface WorkflowIdentity {
  readonly kind: WorkflowKind;
  readonly id: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** `session` and a UUID give `session-<uuid>`. */
export function workflowId(kind: WorkflowKind, id: string): string {
  return `${kind}-${id}`;
}

/** The inverse of {@link workflowId}; null for an id that it never builds. */
export function parseWorkflowId(value: string): WorkflowIdentity | null {
  const kind = KINDS.find((candidate) => value.startsWith(`${candidate}-`));
  if (kind === undefined) return null;
  const id = value.slice(kind.length + 1);
  return isUuid(id) ? { kind, id } : null;
}
