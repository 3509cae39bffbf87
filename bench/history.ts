import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

/** What a workflow's history is made of. */
export interface Shape {
  readonly events: number;
  readonly bytes: number;
  readonly activities: number;
  readonly localActivities: number;
  readonly timers: number;
  readonly updates: number;
  readonly workflowTasks: number;
}

const { EventType } = proto.temporal.api.enums.v1;

export async function shapeOf(temporal: Client, workflowId: string): Promise<Shape> {
  const handle = temporal.workflow.getHandle(workflowId);
  const { events } = await handle.fetchHistory();
  const { historySize } = await handle.describe();
  const count = (type: number): number =>
    (events ?? []).filter(({ eventType }) => Number(eventType) === type).length;
  return {
    events: events?.length ?? 0,
    bytes: historySize ?? 0,
    activities: count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED),
    localActivities: count(EventType.EVENT_TYPE_MARKER_RECORDED),
    timers: count(EventType.EVENT_TYPE_TIMER_STARTED),
    updates: count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED),
    workflowTasks: count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED),
  };
}
