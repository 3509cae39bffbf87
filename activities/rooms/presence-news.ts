import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type PresenceSummary, presenceSummary } from '../../db/room-presence.ts';
import { type RoomSession, roomSession } from '../../db/room-sessions.ts';
import { isUuid, workflowId } from '../../domain/ids.ts';
import { type RoomPresence, presenceSignal } from '../../workflows/messages/session.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/** Sessions hear who came to their rooms, and when all have left. */
export const roomPresence: OutboxConsumer = {
  name: 'room-presence',
  topics: { 'room.presence': 'all' },
  handle: async ({ knex, temporal }, { payload }) => {
    const { sessionId } = payload;
    if (typeof sessionId !== 'string' || !isUuid(sessionId)) return;
    const [session, summary] = await Promise.all([
      roomSession(knex, sessionId),
      presenceSummary(knex, sessionId),
    ]);
    if (session === null || summary === null) return;
    for (const { workflow, clientIds } of livesOf(session)) {
      await tell(temporal, workflow, presenceOf(summary, session.therapistId, clientIds));
    }
  },
};

interface LifeInRoom {
  readonly workflow: string;
  /** Who came for this life when any of them came. */
  readonly clientIds: readonly string[];
}

/** A session's own life; in a group, where a member's absence is no one else's, each member's too. */
function livesOf({ sessionId, clientIds, seats }: RoomSession): LifeInRoom[] {
  const whole = { workflow: workflowId('session', sessionId), clientIds };
  const members = seats.map(({ enrolmentId, personId }) => ({
    workflow: workflowId('enrolment', enrolmentId),
    clientIds: [personId],
  }));
  return [whole, ...members];
}

function presenceOf(
  { came, emptySince, sequence }: PresenceSummary,
  therapistId: string,
  clientIds: readonly string[],
): RoomPresence {
  const firsts = clientIds.flatMap((id) => came.get(id)?.getTime() ?? []);
  return {
    sequence,
    clientCameAt: firsts.length === 0 ? null : Math.min(...firsts),
    therapistCameAt: came.get(therapistId)?.getTime() ?? null,
    emptySince: emptySince?.getTime() ?? null,
  };
}

async function tell(client: Client, workflow: string, presence: RoomPresence): Promise<void> {
  try {
    await client.workflow.getHandle(workflow).signal(presenceSignal, presence);
  } catch (error) {
    // What has ended was decided without it.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
