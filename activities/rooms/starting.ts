import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { roomSession } from '../../db/room-sessions.ts';
import { ENDED_STATUSES } from '../../domain/session.ts';
import { workflowId } from '../../domain/ids.ts';
import { ROOM_WORKFLOW, roomChangedSignal } from '../../workflows/messages/room.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';
import { asChange, asMove } from '../outbox/payloads.ts';
import { startOnce } from '../start-once.ts';
import { roomTimesOf } from './schedule.ts';

/** Nothing happens to a room until shortly before it opens: its workflow begins then. */
const AHEAD_MS = 5_000;
const ENDED: readonly string[] = ENDED_STATUSES;

/**
 * Gives the room of a session that stands its workflow, and lets the running one look at the record
 * again when the session has moved or ended.
 */
export const roomTimes: OutboxConsumer = {
  name: 'room-times',
  topics: { 'session.changed': ['confirmed', ...ENDED_STATUSES], 'session.moved': 'all' },
  handle: async ({ knex, temporal }, row) => {
    const change = asChange(row) ?? asMove(row);
    if (change === null) return;
    const { sessionId } = change;
    const hasEnded = 'status' in change && ENDED.includes(change.status);
    if (hasEnded) return stir(temporal, sessionId);
    const times = roomTimesOf(await roomSession(knex, sessionId));
    if (times.kind === 'over') return;
    await begin(temporal, sessionId, times.opensAt);
    if (!('status' in change)) await stir(temporal, sessionId);
  },
};

function begin(client: Client, sessionId: string, opensAt: number): Promise<void> {
  const waitMs = opensAt - Date.now() - AHEAD_MS;
  return startOnce(client, ROOM_WORKFLOW, 'again', {
    workflowId: workflowId('room', sessionId),
    ...(waitMs > 0 ? { startDelay: waitMs } : {}),
    args: [{ sessionId }],
  });
}

/** A room whose workflow is over needs nothing more. */
async function stir(client: Client, sessionId: string): Promise<void> {
  try {
    const handle = client.workflow.getHandle(workflowId('room', sessionId));
    await handle.signal(roomChangedSignal);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
