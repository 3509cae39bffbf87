import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { setTimeout as delay } from 'node:timers/promises';
import { sweepRooms } from '../../db/room-sweep.ts';
import * as leases from '../../db/rooms.ts';
import { type HostNews, monotonicMs } from './guard/guard.ts';
import { type Room, type RoomEnd, Rooms } from './rooms.ts';
import type { Sfu } from './sfu.ts';

export interface MediaHostOptions {
  readonly knex: Knex;
  readonly sfu: Sfu;
  /** Where browsers reach this host's signalling. */
  readonly signalingUrl: string;
  /** Whether it has what it takes to record. */
  readonly canRecord?: boolean;
  /** Whether it has what it takes to transcribe, by now. */
  readonly canTranscribe?: () => boolean;
  readonly beatEveryMs?: number;
  /** A room with more people than this goes on to another core. */
  readonly peersPerCore?: number;
  readonly onFault?: (error: unknown) => void;
  /** Sees to it that nothing of a host that is stopped or dead goes on. */
  readonly guard?: { tell(news: HostNews): void };
}

/** Four beats to a lease: one or two may fail. */
const BEAT_EVERY_MS = leases.ROOM_LEASE_MS / 4;
/** Closed a little before the database would let another host have it, in time for the guard as well. */
const SAFETY_MS = 1_000;
const CHECK_EVERY_MS = 250;
const PEERS_PER_CORE = 25;
const SWEEP_EVERY_MS = 300_000;

/**
 * One host of rooms: it tells the database that it lives and how busy it is, keeps its rooms' leases, and
 * closes a room by itself when its lease could not be renewed. So a host that is cut off never has a
 * room at the same time as the host that the room was placed on after it.
 */
export class MediaHost {
  readonly id: string = randomUUID();
  readonly rooms: Rooms;
  readonly #options: MediaHostOptions;
  #state: 'active' | 'draining' = 'active';
  #beating: Promise<void> = Promise.resolve();
  #isBeating = false;
  #timers: NodeJS.Timeout[] = [];
  #isClosed = false;
  #lastBeatAt = 0;

  private constructor(options: MediaHostOptions) {
    this.#options = options;
    const { knex, sfu } = options;
    const book = {
      claim: (placement: leases.RoomEpoch) => leases.claimRoom(knex, this.id, placement),
      release: (placement: leases.RoomEpoch) => leases.closeRoom(knex, placement),
    };
    this.rooms = new Rooms(sfu, book, {
      leaseMs: leases.ROOM_LEASE_MS - SAFETY_MS,
      peersPerCore: options.peersPerCore ?? PEERS_PER_CORE,
    });
  }

  /** Resolves when rooms can be placed on it. */
  static async start(options: MediaHostOptions): Promise<MediaHost> {
    const host = new MediaHost(options);
    await host.#tell();
    host.#lastBeatAt = performance.now();
    host.#timers = [
      setInterval(() => host.#beat(), options.beatEveryMs ?? BEAT_EVERY_MS),
      setInterval(() => host.#check(), CHECK_EVERY_MS),
      setInterval(() => host.#sweep(), SWEEP_EVERY_MS),
    ];
    host.#check();
    host.#sweep();
    return host;
  }

  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  /** Whether the database has heard of it lately. */
  get isAlive(): boolean {
    return !this.#isClosed && performance.now() - this.#lastBeatAt < leases.ROOM_LEASE_MS;
  }

  /** The room of a placement; see {@link Rooms.open}. */
  openRoom(placement: leases.RoomEpoch): Promise<Room> {
    return this.rooms.open(placement);
  }

  /** Closes a session's room here, if it is here. */
  endRoom(sessionId: string, end: RoomEnd): void {
    this.rooms.find(sessionId)?.close(end);
  }

  /**
   * Takes no new rooms, gives those that it has up to `graceMs` to end by themselves, then closes them:
   * whoever is in one joins again and finds it on another host.
   */
  async drain(graceMs: number): Promise<void> {
    if (this.#state === 'draining') return;
    this.#state = 'draining';
    this.rooms.drain();
    await this.#tell().catch((error: unknown) => this.#options.onFault?.(error));
    const deadline = performance.now() + graceMs;
    while (this.rooms.size > 0 && performance.now() < deadline) await delay(100);
    for (const room of this.rooms.all) room.close('moved');
  }

  /** Ends it: its rooms may be placed elsewhere at once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.rooms.drain();
    for (const room of this.rooms.all) room.close('moved');
    await this.#beating;
    await leases.endHost(this.#options.knex, this.id).catch((error: unknown) => {
      this.#options.onFault?.(error);
    });
  }

  #check(): void {
    const now = performance.now();
    this.rooms.closeLapsed(now);
    const untilMs = monotonicMs() + this.rooms.leftUntilLapse(now);
    this.#options.guard?.tell({ hostId: this.id, pids: this.#options.sfu.pids, untilMs });
  }

  /** What other hosts have left behind. */
  #sweep(): void {
    sweepRooms(this.#options.knex).catch((error: unknown) => this.#options.onFault?.(error));
  }

  /** Beats never overlap: they would only wait for each other where the database is slow. */
  #beat(): void {
    if (this.#isBeating || this.#isClosed) return;
    this.#isBeating = true;
    this.#beating = this.#renew()
      .catch((error: unknown) => this.#options.onFault?.(error))
      .finally(() => {
        this.#isBeating = false;
      });
  }

  async #renew(): Promise<void> {
    await this.#tell();
    const askedAt = performance.now();
    const open = this.rooms.all.map(({ sessionId, epoch }) => ({ sessionId, epoch }));
    const renewed = await leases.renewRooms(this.#options.knex, this.id, open);
    this.rooms.renewed(renewed, askedAt);
    this.#lastBeatAt = askedAt;
  }

  async #tell(): Promise<void> {
    const { knex, sfu, signalingUrl, canRecord = false, canTranscribe } = this.#options;
    const load = await sfu.measureLoad();
    await leases.beatHost(knex, {
      hostId: this.id,
      signalingUrl,
      cores: sfu.cores,
      load,
      state: this.#state,
      canRecord,
      canTranscribe: canTranscribe?.() ?? false,
    });
  }
}
