import type { AlertView } from '../../db/crisis-alerts.ts';

/** What is being done, and how far it truly is. */
export interface ImmediateAction {
  readonly action: string;
  readonly status: 'completed' | 'in-progress' | 'pending';
  /** When it was completed. */
  readonly timestamp: string | null;
  readonly estimatedCompletion?: string;
}

const CALLED_OUTSIDE: readonly (string | null)[] = ['emergency_services', 'hospital'];

/**
 * From the record alone: nothing is `completed` before it has happened, and local services count as
 * contacted once a human says so.
 */
export function immediateActions(alert: AlertView, estimatedSeconds: number): ImmediateAction[] {
  const { createdAt, firstPageAt, acknowledgedAt, contactAt, resolvedAt, session } = alert;
  const expectedAt = new Date(createdAt.getTime() + estimatedSeconds * 1_000).toISOString();
  const localAt =
    alert.localServicesAt ?? (CALLED_OUTSIDE.includes(alert.outcome) ? resolvedAt : null);
  const assignedAt = alert.holderId === null ? null : acknowledgedAt;
  return [
    action('counselor-notified', firstPageAt),
    ...(session === null ? [] : [escalation(session)]),
    assignedAt === null && resolvedAt === null
      ? {
          action: 'crisis-counselor-assigned',
          status: firstPageAt === null ? 'pending' : 'in-progress',
          timestamp: null,
          estimatedCompletion: expectedAt,
        }
      : action('crisis-counselor-assigned', assignedAt ?? resolvedAt),
    action('contact-made', contactAt),
    action('local-services-contacted', localAt),
  ];
}

/** The same for an alert of which only this is known: it was raised. */
export function unrecordedActions(): ImmediateAction[] {
  return [
    'counselor-notified',
    'crisis-counselor-assigned',
    'contact-made',
    'local-services-contacted',
  ].map((name) => action(name, null));
}

function action(name: string, at: Date | null): ImmediateAction {
  const status = at === null ? 'pending' : 'completed';
  return { action: name, status, timestamp: at?.toISOString() ?? null };
}

function escalation({ escalatedAt }: NonNullable<AlertView['session']>): ImmediateAction {
  const name = 'session-escalated';
  return action(name, escalatedAt === null ? null : new Date(escalatedAt));
}
