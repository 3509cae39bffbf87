import type { Knex } from 'knex';
import { lastRoomCommand } from '../../../db/room-commands.ts';
import { peopleThere } from '../../../db/room-presence.ts';
import { type RoomPolicy, reopenRoom } from '../../../domain/room.ts';
import { LiveRoom } from './live-room.ts';
import type { MediaRoom } from './media-room.ts';
import type { Records } from './record.ts';

interface Placement {
  readonly sessionId: string;
  readonly epoch: number;
}

/** The media of a placement's room; throws `wrong_state` where the placement is not the live one. */
export type OpenMediaRoom = (placement: Placement) => Promise<MediaRoom>;

/** The rules of a session's room. Throws `not_found` or `wrong_state` where it has none. */
export type PolicyOf = (sessionId: string) => Promise<RoomPolicy>;

interface RoomsDeps {
  readonly knex: Knex;
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
    // What was asked of the room before it opened is what it opens with.
    const heardUpTo = await lastRoomCommand(knex, sessionId);
    const [policy, there] = await Promise.all([policyOf(sessionId), peopleThere(knex, sessionId)]);
    const former = there.map(({ personId, role, kind }) => {
      const place = kind === 'joined' ? ('inside' as const) : ('waiting' as const);
      return { personId, role, place };
    });
    const state = reopenRoom(policy, former, Date.now());
    return new LiveRoom(media, state, this.#records.of(media), heardUpTo);
  }
}
