import type { types } from 'mediasoup';
import type { RoomEpoch } from '../../db/rooms.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Seat, Sfu } from './sfu.ts';
import type { Ear } from './ear.ts';
import { MAIN_PLACE, Voices } from './voices.ts';

/**
 * Why a room is open no more. `ended`: the session is over. `moved`: whoever was in it joins again and
 * finds it elsewhere. `lost`: the lease ended, or the media worker died; the same.
 */
export type RoomEnd = 'ended' | 'moved' | 'lost';

export interface RoomsOptions {
  /** How long a room is this host's after its last renewal, by the host's own, more careful clock. */
  readonly leaseMs: number;
  /** Peers on one core of a room before the next core takes part in it. */
  readonly peersPerCore: number;
}

/** One live placement of a session's room on this host. */
export class Room implements RoomEpoch {
  readonly sessionId: string;
  readonly epoch: number;
  readonly #sfu: Sfu;
  readonly #peersPerCore: number;
  readonly #main: Seat;
  readonly #seats: { readonly seat: Seat; peers: number }[];
  readonly #growing: Promise<unknown>[] = [];
  readonly #listeners = new Set<(end: RoomEnd) => void>();
  readonly #pipes = new Map<string, Promise<void>>();
  readonly #voices: Voices;
  #end: RoomEnd | null = null;

  private constructor(
    sfu: Sfu,
    { sessionId, epoch }: RoomEpoch,
    peersPerCore: number,
    main: Seat,
    voices: Voices,
  ) {
    this.sessionId = sessionId;
    this.epoch = epoch;
    this.#sfu = sfu;
    this.#peersPerCore = peersPerCore;
    this.#main = main;
    this.#seats = [];
    this.#add(main);
    this.#voices = voices;
  }

  static async open(sfu: Sfu, placement: RoomEpoch, peersPerCore: number): Promise<Room> {
    const main = await sfu.seat();
    try {
      const voices = await Voices.open(main.router);
      return new Room(sfu, placement, peersPerCore, main, voices);
    } catch (fault) {
      main.router.close();
      throw fault;
    }
  }

  /** Null while it is open. */
  get end(): RoomEnd | null {
    return this.#end;
  }

  get isClosed(): boolean {
    return this.#end !== null;
  }

  /** The router of the room's first core; all that a room of ordinary size has. */
  get router(): types.Router {
    return this.#main.router;
  }

  /** The same on all of its cores. */
  get rtpCapabilities(): types.RtpCapabilities {
    return this.#main.router.rtpCapabilities;
  }

  get webRtcServer(): types.WebRtcServer {
    return this.#main.webRtcServer;
  }

  get routerIds(): string[] {
    return this.#seats.map(({ seat }) => seat.router.id);
  }

  /**
   * Where a new peer's transports belong. Give the seat back with {@link leaveSeat}. A room that is too
   * large for its cores goes on to another one while there is one.
   */
  async takeSeat(): Promise<Seat> {
    const last = this.#seats.toSorted((a, b) => a.peers - b.peers)[0];
    if (last !== undefined && last.peers >= this.#peersPerCore) await this.#grow();
    const [fullest] = this.#seats
      .filter(({ peers }) => peers < this.#peersPerCore)
      .toSorted((a, b) => b.peers - a.peers);
    const chosen = fullest ?? this.#seats.toSorted((a, b) => a.peers - b.peers)[0]!;
    chosen.peers += 1;
    return chosen.seat;
  }

  leaveSeat(seat: Seat): void {
    const found = this.#seats.find((each) => each.seat === seat);
    if (found !== undefined) found.peers = Math.max(found.peers - 1, 0);
  }

  /**
   * Makes a producer of one seat consumable on another, through a pipe between their cores. Nothing to
   * do where both are the same, and once only for each producer and seat.
   */
  reach(producer: types.Producer, from: Seat, to: Seat): Promise<void> {
    if (from.router === to.router) return Promise.resolve();
    const key = `${producer.id} ${to.router.id}`;
    const known = this.#pipes.get(key);
    if (known !== undefined) return known;
    const piping = this.#pipe(producer.id, from, to).catch((fault: unknown) => {
      this.#pipes.delete(key);
      throw fault;
    });
    this.#pipes.set(key, piping);
    producer.observer.once('close', () => this.#pipes.delete(key));
    return piping;
  }

  /** Hears who speaks in the main room. */
  get ear(): Ear {
    return this.#voices.main;
  }

  onSpeaker(listener: (place: string, producerId: string | null) => void): void {
    this.#voices.onSpeaker(listener);
  }

  /** Has a microphone watched for who speaks in its place. It is heard on the room's first core. */
  async watchVoice(producer: types.Producer, seat: Seat, place = MAIN_PLACE): Promise<void> {
    if (producer.kind !== 'audio') return;
    await this.reach(producer, seat, this.#main);
    if (producer.closed || this.isClosed) return;
    await this.#voices.watch(producer, place);
  }

  /** Called once, when the room has closed; at once where it has closed already. */
  onClose(listener: (end: RoomEnd) => void): void {
    if (this.#end !== null) listener(this.#end);
    else this.#listeners.add(listener);
  }

  /** Ends all media in it. A second call changes nothing. */
  close(end: RoomEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    // Whoever listens may still tell the peers before their transports go.
    for (const listener of this.#listeners) listener(end);
    this.#listeners.clear();
    for (const { seat } of this.#seats) seat.router.close();
  }

  /** A room that has lost a core is lost: whoever was in it joins again. */
  #add(seat: Seat): void {
    this.#seats.push({ seat, peers: 0 });
    seat.router.once('workerclose', () => this.close('lost'));
  }

  async #grow(): Promise<void> {
    await Promise.allSettled(this.#growing);
    const seats = this.#seats.map(({ seat }) => seat);
    const hasSpace = this.#seats.some(({ peers }) => peers < this.#peersPerCore);
    if (hasSpace || !this.#sfu.hasOtherCores(seats)) return;
    const adding = this.#sfu.seat(seats).then((seat) => {
      if (this.isClosed) seat.router.close();
      else this.#add(seat);
    });
    this.#growing.push(adding);
    await adding.finally(() => this.#growing.splice(0));
  }

  async #pipe(producerId: string, from: Seat, to: Seat): Promise<void> {
    const { ip, portRange } = this.#sfu.spareListenInfo;
    await from.router.pipeToRouter({
      producerId,
      router: to.router,
      listenInfo: { protocol: 'udp', ip, ...(portRange ? { portRange } : {}) },
    });
  }
}

export interface RoomBook {
  /** Whether the placement is the live one, and here; its lease goes on then. */
  claim(placement: RoomEpoch): Promise<boolean>;
  /** Nobody is to look for it here any more. */
  release(placement: RoomEpoch): Promise<void>;
}

/** The rooms that are open on this host, each until its lease ends by the host's own, more careful clock. */
export class Rooms {
  readonly #sfu: Sfu;
  readonly #book: RoomBook;
  readonly #options: RoomsOptions;
  readonly #open = new Map<string, { readonly room: Room; until: number }>();
  readonly #opening = new Map<string, Promise<Room>>();
  #isDraining = false;

  constructor(sfu: Sfu, book: RoomBook, options: RoomsOptions) {
    this.#sfu = sfu;
    this.#book = book;
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  get all(): Room[] {
    return [...this.#open.values()].map(({ room }) => room);
  }

  find(sessionId: string): Room | null {
    return this.#open.get(sessionId)?.room ?? null;
  }

  /**
   * The room of a placement, opened by the first who asks. Throws `wrong_state` where the placement is
   * not the live one or this host takes no new rooms: whoever asked joins again.
   */
  async open(placement: RoomEpoch): Promise<Room> {
    const { sessionId, epoch } = placement;
    await this.#opening.get(sessionId)?.catch(() => undefined);
    const known = this.find(sessionId);
    if (known?.epoch === epoch) return known;
    if (known !== null && known.epoch > epoch) throw elsewhere();
    const same = this.#opening.get(sessionId);
    if (same !== undefined) return this.open(placement);
    const opening = this.#make(placement);
    this.#opening.set(sessionId, opening);
    return opening.finally(() => this.#opening.delete(sessionId));
  }

  /** The leases of these go on for as long again, from `askedAt` by the process's own clock. */
  renewed(placements: readonly RoomEpoch[], askedAt: number): void {
    for (const { sessionId, epoch } of placements) {
      const entry = this.#open.get(sessionId);
      if (entry?.room.epoch === epoch) entry.until = askedAt + this.#options.leaseMs;
    }
  }

  /** Closes what has no lease any more: another host may have it from now on. */
  closeLapsed(now: number): void {
    for (const { room, until } of this.#open.values()) if (until <= now) room.close('lost');
  }

  /** How long it is until the first lease of a room ends; of one that opens now where none is open, ms. */
  leftUntilLapse(now: number): number {
    const ends = [...this.#open.values()].map(({ until }) => until - now);
    return Math.min(this.#options.leaseMs, ...ends);
  }

  /** Takes no new rooms from here on. */
  drain(): void {
    this.#isDraining = true;
  }

  async #make(placement: RoomEpoch): Promise<Room> {
    const askedAt = performance.now();
    if (this.#isDraining) {
      await this.#book.release(placement);
      throw elsewhere();
    }
    if (!(await this.#book.claim(placement))) throw elsewhere();
    const { sessionId } = placement;
    this.find(sessionId)?.close('lost');
    const { peersPerCore, leaseMs } = this.#options;
    const opening = Room.open(this.#sfu, placement, peersPerCore);
    const room = await opening.catch(async (fault: unknown) => {
      await this.#book.release(placement);
      throw fault;
    });
    this.#open.set(sessionId, { room, until: askedAt + leaseMs });
    room.onClose(() => {
      if (this.#open.get(sessionId)?.room === room) this.#open.delete(sessionId);
      // A release that fails ends with the lease: nobody renews it.
      this.#book.release(placement).catch(() => undefined);
    });
    return room;
  }
}

function elsewhere(): HoldfastError {
  return new HoldfastError('wrong_state', 'The room is elsewhere: join again');
}
