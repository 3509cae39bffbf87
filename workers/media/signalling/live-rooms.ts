import { plannedBreakouts } from '../../../db/breakouts.ts';
import { type KeptMemory, takeRoomMemory } from '../../../db/room-memories.ts';
import { lastRoomCommand, roomCommandsAfter } from '../../../db/room-commands.ts';
import { rolesOf } from '../../../db/hosted-sessions.ts';
import { recordingTermsOf } from '../../../db/recording-consents.ts';
import { peopleThere } from '../../../db/room-presence.ts';
import { errorCodeOf } from '../../../domain/errors.ts';
import {
  type FormerOccupant,
  type MissedWord,
  type RoomMemory,
  catchUpRoom,
  reopenRoom,
} from '../../../domain/room-memory.ts';
import type { RecordingMemory } from '../../../domain/room-recording.ts';
import type { RoomPolicy, RoomState } from '../../../domain/room.ts';
import type { RoomRecorder } from './live-recording.ts';
import { LiveRoom } from './live-room.ts';
import type { MediaRoom } from './media-room.ts';
import type { RecordDeps, Records } from './record.ts';
import type { RoomRecord } from './room-record.ts';

interface Placement {
  readonly sessionId: string;
  readonly epoch: number;
}

/** The media of a placement's room; throws `wrong_state` where the placement is not the live one. */
export type OpenMediaRoom = (placement: Placement) => Promise<MediaRoom>;

/** The rules of a session's room. Throws `not_found` or `wrong_state` where it has none. */
export type PolicyOf = (sessionId: string) => Promise<RoomPolicy>;

interface RoomsDeps extends RecordDeps {
  /** None where nothing can be recorded. */
  readonly recorder?: RoomRecorder | null;
  readonly openRoom: OpenMediaRoom;
  readonly policyOf: PolicyOf;
}

/** The rooms of a host that people are in. */
export class LiveRooms {
  readonly #deps: RoomsDeps;
  readonly #records: Records;
  readonly #rooms = new Map<string, { readonly epoch: number; readonly room: Promise<LiveRoom> }>();

  constructor(deps: RoomsDeps, records: Records) {
    this.#deps = deps;
    this.#records = records;
  }

  /** The room of a placement, opened by the first who comes. */
  async open({ sessionId, epoch }: Placement): Promise<LiveRoom> {
    const known = this.#rooms.get(sessionId);
    if (known?.epoch === epoch) {
      const room = await known.room;
      if (!room.isOver) return room;
    }
    // Who comes with a placement that is over, or another host's, fails here and changes nothing.
    const media = await this.#deps.openRoom({ sessionId, epoch });
    const again = this.#rooms.get(sessionId);
    if (again !== undefined && again !== known && again.epoch === epoch) return again.room;
    const room = this.#make(media);
    const entry = { epoch, room };
    this.#rooms.set(sessionId, entry);
    const forget = (): void => {
      if (this.#rooms.get(sessionId) === entry) this.#rooms.delete(sessionId);
    };
    media.onClose(forget);
    room.catch(() => {
      forget();
      media.close('ended');
    });
    return room;
  }

  has(sessionId: string): boolean {
    return this.#rooms.has(sessionId);
  }

  get sessionIds(): string[] {
    return [...this.#rooms.keys()];
  }

  async find(sessionId: string): Promise<LiveRoom | null> {
    const room = await this.#rooms.get(sessionId)?.room.catch(() => null);
    return room === undefined || room === null || room.isOver ? null : room;
  }

  /** Whoever was there when the host before died is away for now, and known. */
  async #make(media: MediaRoom): Promise<LiveRoom> {
    const { knex, policyOf } = this.#deps;
    const { sessionId } = media;
    const [{ memory, missed, heardUpTo, recording: before }, policy, there, terms, roles] =
      await Promise.all([
        this.#recall(media),
        policyOf(sessionId),
        peopleThere(knex, sessionId),
        recordingTermsOf(knex, sessionId),
        rolesOf(knex, sessionId),
      ]);
    const former = there.map(({ personId, role, kind }) => {
      const place = kind === 'joined' ? ('inside' as const) : ('waiting' as const);
      return { personId, role, place };
    });
    const state = catchUpRoom(reopenRoom(policy, { former, memory, roles }, Date.now()), missed);
    const record = this.#records.of(media, state);
    correctLedger(record, former, state);
    const chat = await this.#records.chatBefore(sessionId);
    const recording = { ...terms, before, recorder: this.#deps.recorder ?? null };
    return new LiveRoom(media, state, record, { heardUpTo, recording, chat });
  }

  async #recall(media: MediaRoom): Promise<Recalled> {
    try {
      const kept = await takeRoomMemory(this.#deps, media);
      if (kept !== null) return await this.#catchUp(media, kept);
    } catch (error) {
      // What can not be read any more, such as that of an erased person, is not known.
      if (errorCodeOf(error) !== 'internal') throw error;
      this.#deps.log.warn({ sessionId: media.sessionId }, 'what a room knew can not be read');
    }
    // What was asked of a room before it first opened is what it opens with.
    const { sessionId } = media;
    const heardUpTo = await lastRoomCommand(this.#deps.knex, sessionId);
    const breakouts = await plannedBreakouts(this.#deps, sessionId);
    const bare = { isLocked: false, admittedIds: [], removedIds: [], people: {} };
    const memory = breakouts === null ? null : { ...bare, breakouts };
    return { memory, missed: [], heardUpTo, recording: null };
  }

  async #catchUp({ sessionId }: MediaRoom, kept: KeptMemory): Promise<Recalled> {
    const { memory, heardUpTo, recording = null } = kept;
    const words = await roomCommandsAfter(this.#deps, sessionId, heardUpTo);
    const missed = words.map(({ command, askedAt }) => ({ command, askedAt: askedAt.getTime() }));
    return { memory, missed, heardUpTo: words.at(-1)?.id ?? heardUpTo, recording };
  }
}

/** What is known of a room's earlier placement. */
interface Recalled {
  readonly memory: RoomMemory | null;
  readonly missed: readonly MissedWord[];
  readonly heardUpTo: string;
  readonly recording: RecordingMemory | null;
}

/** What the host before did not come to write down. */
function correctLedger(
  record: RoomRecord,
  former: readonly FormerOccupant[],
  { occupants }: RoomState,
): void {
  const at = new Date();
  for (const { personId, role, place } of former) {
    const now = occupants[personId];
    if (now === undefined) record.presence({ personId, role, kind: 'left', at });
    else if (now.place !== place) record.presence({ personId, role, kind: 'joined', at });
  }
}
