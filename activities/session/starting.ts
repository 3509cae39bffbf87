import { type Client, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import { type SessionRow, stateOf } from '../../db/sessions.ts';
import { type WorkflowKind, workflowId } from '../../domain/ids.ts';
import {
  SESSION_DOOR,
  SESSION_STARTS_AT,
  SESSION_STATE,
} from '../../workflows/messages/search-attributes.ts';
import { ENROLMENT_WORKFLOW, calledOffSignal } from '../../workflows/messages/enrolment.ts';
import { SESSION_WORKFLOW, type SessionInput } from '../../workflows/messages/session.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import { type Life, startOnce, unlessOver } from '../start-once.ts';

/** How long a caller may wait for Temporal to take a session in, ms. */
const START_TIMEOUT_MS = 5_000;

/** Who looks after it: the session's own workflow, or that of one member of a group. */
export function lifeOf(session: Pick<SessionRow, 'id' | 'enrolment_id'>): {
  readonly kind: Extract<WorkflowKind, 'session' | 'enrolment'>;
  readonly workflowId: string;
} {
  const { enrolment_id: enrolmentId } = session;
  return enrolmentId === undefined
    ? { kind: 'session', workflowId: workflowId('session', session.id) }
    : { kind: 'enrolment', workflowId: workflowId('enrolment', enrolmentId) };
}

/**
 * Gives a booked session, or a seat in one, its workflow. Starting it again changes nothing; only a session
 * that was taken back after its end lives again. `isTold`: its people have heard how it stands.
 */
export async function startSession(
  client: Client,
  session: SessionRow,
  life: Life = 'one',
  isTold = false,
): Promise<void> {
  const { kind, workflowId: id } = lifeOf(session);
  const workflow = kind === 'session' ? SESSION_WORKFLOW : ENROLMENT_WORKFLOW;
  await client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
    startOnce(client, workflow, life, {
      workflowId: id,
      // Without notices of its own it begins with what people have to hear first.
      args: [{ ...sessionInput(session), ...(isTold ? { notices: [] } : {}) }],
      typedSearchAttributes: attributesOf(session),
    }),
  );
}

function attributesOf({ status, door, starts_at }: SessionRow) {
  return [
    { key: SESSION_STATE, value: status },
    { key: SESSION_DOOR, value: door },
    { key: SESSION_STARTS_AT, value: starts_at },
  ];
}

/** Tells a member's workflow that the session is off, and starts one where a crash left none. */
export function callOffSeat(client: Client, seat: SessionRow): Promise<void> {
  return unlessOver(
    client.workflow.signalWithStart(ENROLMENT_WORKFLOW, {
      taskQueue: CORE_TASK_QUEUE,
      workflowId: lifeOf(seat).workflowId,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      args: [sessionInput(seat)],
      signal: calledOffSignal,
      signalArgs: [],
      typedSearchAttributes: attributesOf(seat),
    }),
  );
}

/** Whether a run looks after the session, or the seat, at this moment. */
export async function isRunning(
  temporal: Client,
  id: string,
  kind: 'session' | 'enrolment' | 'support' = 'session',
): Promise<boolean> {
  try {
    const handle = temporal.workflow.getHandle(workflowId(kind, id));
    const { status } = await handle.describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export function sessionInput(session: SessionRow): SessionInput {
  return {
    sessionId: session.id,
    plan: session.plan,
    state: stateOf(session),
    version: session.version,
    dueCents: session.due_cents,
    bookedAt: session.created_at.getTime(),
    ...ofGroup(session),
  };
}

function ofGroup({ enrolment_id, group_terms }: SessionRow): Partial<SessionInput> {
  if (enrolment_id !== undefined) return { enrolmentId: enrolment_id };
  if (group_terms === null) return {};
  const { minMembers, decideBeforeStartMs } = group_terms;
  return { group: { minMembers, decideBeforeStartMs, isDecided: false } };
}
