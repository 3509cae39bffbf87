import {
  ActivityFailure,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type {
  MediaHostActivities,
  RoomActivities,
  RoomPlace,
  RoomTimes,
} from '../activities/rooms/contract.ts';
import { BACKGROUND, HOST, LOCAL } from './activity-options.ts';
import { type RoomInput, type RoomResult, roomChangedSignal } from './messages/room.ts';
import { mediaTaskQueue } from './messages/task-queues.ts';

const { readRoomTimes } = proxyLocalActivities<RoomActivities>(LOCAL);
const { placeRoomAhead, findRoom, forgetRoom } = proxyActivities<RoomActivities>(BACKGROUND);

/**
 * Opens a session's room on a host when its time has come, and sees that it is closed when its time is
 * over. Nobody waits for it: whoever joins finds the room, or opens it, without Temporal.
 */
export async function roomWorkflow({ sessionId }: RoomInput): Promise<RoomResult> {
  let isStirred = false;
  setHandler(roomChangedSignal, () => {
    isStirred = true;
  });
  let hasOpened = false;
  for (;;) {
    isStirred = false;
    const times = await readRoomTimes({ sessionId });
    if (times.kind === 'over') return finish(sessionId, 'over');
    if (Date.now() >= times.closesAt) return finish(sessionId, 'closed');
    if (Date.now() >= times.opensAt && !hasOpened) {
      hasOpened = true;
      await openAhead(sessionId);
    } else {
      show(times, hasOpened);
      await untilDue(times, hasOpened, () => isStirred);
    }
  }
}

type DueTimes = Extract<RoomTimes, { kind: 'due' }>;

async function untilDue(times: DueTimes, hasOpened: boolean, isStirred: () => boolean) {
  const at = hasOpened ? times.closesAt : times.opensAt;
  const summary = hasOpened ? 'the room must be closed' : 'the room may open';
  await condition(isStirred, Math.max(1, Math.ceil(at - Date.now())), { summary });
}

async function openAhead(sessionId: string): Promise<void> {
  const place = await placeRoomAhead({ sessionId });
  if (place === null) return;
  await onHost(place, ({ prepareRoom }) => prepareRoom({ sessionId, epoch: place.epoch }));
}

async function finish(sessionId: string, kind: RoomResult['kind']): Promise<RoomResult> {
  const place = await findRoom({ sessionId });
  if (place !== null) {
    await onHost(place, ({ endRoom }) => endRoom({ sessionId }));
    await forgetRoom({ sessionId, epoch: place.epoch });
  }
  setCurrentDetails(`**${kind}**: over`);
  return { kind };
}

/** A host that does not answer is none: its rooms end with their leases. */
async function onHost(
  { hostId }: NonNullable<RoomPlace>,
  work: (host: MediaHostActivities) => Promise<void>,
): Promise<void> {
  const host = proxyActivities<MediaHostActivities>({
    ...HOST,
    taskQueue: mediaTaskQueue(hostId),
  });
  try {
    await work(host);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
  }
}

function show({ opensAt, closesAt }: DueTimes, hasOpened: boolean): void {
  const next = hasOpened ? `closes ${utc(closesAt)}` : `opens ${utc(opensAt)}`;
  setCurrentDetails([`**${hasOpened ? 'open' : 'waits'}**`, '', `- ${next}`].join('\n'));
}

function utc(at: number): string {
  return new Date(at).toISOString();
}
