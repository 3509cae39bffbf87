import { assertNever } from './assert-never.ts';
import type { ErrorCode } from './errors.ts';
import { isHost, occupantsOf } from './room-reach.ts';
import type { RoomState } from './room-state.ts';

/** What people of a session have said to being recorded; who is not in it has said nothing yet. */
export type Consents = Readonly<Record<string, boolean>>;

/**
 * Whether a room is recorded, by the hosts' wish and everybody's consent. `waiting`: a host wants it,
 * and somebody who is inside has not agreed yet; nothing of anybody is recorded meanwhile.
 */
export type RecordingStatus = 'off' | 'waiting' | 'on';

export interface RoomRecording {
  /** The session may be recorded at all, as its host settled when it was made. */
  readonly isEnabled: boolean;
  /** The host who wants it; null for nobody. */
  readonly wantedBy: string | null;
  readonly consents: Consents;
  /** Why it ended by itself, if it did. */
  readonly endedBy: 'withdrawal' | null;
}

export type RecordingEvent =
  | { readonly type: 'start'; readonly by: string }
  | { readonly type: 'stop'; readonly by: string }
  | { readonly type: 'say'; readonly personId: string; readonly consents: boolean };

export interface RecordingStep {
  readonly recording: RoomRecording;
  readonly refused: ErrorCode | null;
}

export function openRecording(isEnabled: boolean, consents: Consents): RoomRecording {
  return { isEnabled, wantedBy: null, consents, endedBy: null };
}

/** What outlives a host of the room: who wants it recorded, and by whose consent it went on. */
export type RecordingMemory = Omit<RoomRecording, 'isEnabled'>;

/**
 * The recording of a room that is opened again, by the consents that hold now. Whoever took one back
 * while no host had the room has ended it, as they would have in the room.
 */
export function resumeRecording(
  isEnabled: boolean,
  consents: Consents,
  before: RecordingMemory | null,
): RoomRecording {
  const opened = openRecording(isEnabled, consents);
  if (before === null) return opened;
  const { wantedBy, endedBy } = before;
  const isWithdrawn = Object.entries(before.consents).some(
    ([personId, isGiven]) => isGiven && consents[personId] !== true,
  );
  if (wantedBy !== null && isWithdrawn) return { ...opened, endedBy: 'withdrawal' };
  return { ...opened, wantedBy, endedBy };
}

/** Decides what somebody's word does; what follows from it is {@link recordingStatus}'s to say. */
export function advanceRecording(
  recording: RoomRecording,
  event: RecordingEvent,
  room: RoomState,
): RecordingStep {
  switch (event.type) {
    case 'start':
      return start(recording, event.by, room);
    case 'stop':
      if (!isHostInside(room, event.by)) return { recording, refused: 'forbidden' };
      return { recording: { ...recording, wantedBy: null, endedBy: null }, refused: null };
    case 'say':
      return { recording: say(recording, event.personId, event.consents), refused: null };
    default:
      return assertNever(event);
  }
}

function start(recording: RoomRecording, by: string, room: RoomState): RecordingStep {
  if (!isHostInside(room, by)) return { recording, refused: 'forbidden' };
  if (!recording.isEnabled) return { recording, refused: 'refused_by_rule' };
  if (recording.wantedBy !== null) return { recording, refused: null };
  return { recording: { ...recording, wantedBy: by, endedBy: null }, refused: null };
}

/** Whoever takes a consent back ends it for everybody, until a host starts it again. */
function say(recording: RoomRecording, personId: string, isGiven: boolean): RoomRecording {
  const isWithdrawn = recording.consents[personId] === true && !isGiven;
  const consents = { ...recording.consents, [personId]: isGiven };
  if (!isWithdrawn || recording.wantedBy === null) return { ...recording, consents };
  return { ...recording, consents, wantedBy: null, endedBy: 'withdrawal' };
}

/** Those whom a recording of the room could show: all who are inside, also while they are away. */
export function presentIn(room: RoomState): string[] {
  return occupantsOf(room)
    .filter(({ place }) => place === 'inside')
    .map(({ personId }) => personId);
}

/** How many of those who are inside have not agreed. */
export function missingConsents(consents: Consents, room: RoomState): number {
  return presentIn(room).filter((personId) => consents[personId] !== true).length;
}

/** Whether everybody who is inside has agreed, and anybody is. */
export function haveAllConsented(consents: Consents, room: RoomState): boolean {
  return presentIn(room).length > 0 && missingConsents(consents, room) === 0;
}

export function recordingStatus(recording: RoomRecording, room: RoomState): RecordingStatus {
  if (recording.wantedBy === null || !recording.isEnabled || room.isClosed) return 'off';
  return haveAllConsented(recording.consents, room) ? 'on' : 'waiting';
}

/**
 * Whether what somebody sends now goes into the recording. What is said in a breakout stays there, and
 * observers send nothing.
 */
export function isRecorded(recording: RoomRecording, room: RoomState, personId: string): boolean {
  const person = room.occupants[personId];
  if (person?.place !== 'inside' || person.role === 'observer') return false;
  return person.breakoutId === null && recordingStatus(recording, room) === 'on';
}

function isHostInside(room: RoomState, personId: string): boolean {
  const person = room.occupants[personId];
  return person?.place === 'inside' && isHost(person.role);
}
