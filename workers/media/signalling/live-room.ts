import { setTimeout as sleep } from 'node:timers/promises';
import { assertNever } from '../../../domain/assert-never.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import {
  type RoomCommand,
  type RoomEffect,
  type RoomEvent,
  type RoomNews,
  type RoomRole,
  type RoomState,
  advanceRoom,
  commandRoom,
  nextTickAt,
} from '../../../domain/room.ts';
import { whyRefused } from '../../../domain/room-refusals.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { LiveChat } from './live-chat.ts';
import { LiveRecording, type RecordingStart } from './live-recording.ts';
import { LiveFlow } from './live-flow.ts';
import type { MediaEnd, MediaRoom } from './media-room.ts';
import type { Peer } from './peer.ts';
import type { RoomRecord } from './room-record.ts';
import { roomView, viewFromDoor } from './room-view.ts';

/** The longest time that a timer of Node can wait for, ms. */
const LONGEST_WAIT_MS = 2_000_000_000;
/** Whoever has called for help is not left without a word for longer. */
const HEARD_WITHIN_MS = 3_000;

/**
 * One open room: the rules' state, the connections in it, and the media that flows between them.
 * The state changes in one step with everything that follows from it, so that no media is left
 * flowing that the rules forbid.
 */
export class LiveRoom {
  readonly media: MediaRoom;
  readonly peers = new Map<string, Peer>();
  /** Connections that knock as somebody who is here: nothing of the room reaches them. */
  readonly atDoor = new Map<string, Peer>();
  readonly flow: LiveFlow;
  readonly recording: LiveRecording;
  readonly chat: LiveChat;
  /** The last word from outside that it has heard. */
  heardUpTo: string;
  readonly #record: RoomRecord;
  /** The last call for help without a word. */
  #called: Promise<void> = Promise.resolve();
  #state: RoomState;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    media: MediaRoom,
    state: RoomState,
    record: RoomRecord,
    {
      heardUpTo,
      recording,
      chat,
    }: {
      readonly heardUpTo: string;
      readonly recording: RecordingStart;
      /** What was written in earlier placements. */
      readonly chat: readonly ChatEntry[];
    },
  ) {
    this.media = media;
    this.heardUpTo = heardUpTo;
    this.#state = state;
    this.#record = record;
    this.flow = new LiveFlow(this);
    this.chat = new LiveChat(this, record, chat);
    this.recording = new LiveRecording(this, record, recording);
    media.onClose((end) => this.#mediaEnded(end));
    void this.remember();
    this.#setTimer();
  }

  get state(): RoomState {
    return this.#state;
  }

  /** Keeps what whoever opens it next has to know. Resolves when it is on record, or given up. */
  remember(): Promise<void> {
    const recording = this.#state.isClosed ? null : this.recording.memory;
    return this.#record.remember(this.#state, { heardUpTo: this.heardUpTo, recording });
  }

  get isOver(): boolean {
    return this.#state.isClosed || this.media.isClosed;
  }

  /** Runs an event through the rules and carries out what follows. Throws what the rules refuse. */
  act(event: RoomEvent): void {
    const before = this.#state;
    const step = advanceRoom(before, event, Date.now());
    if (step.refused !== null)
      throw new HoldfastError(step.refused, whyRefused(before, event, step.refused));
    this.adopt(step.state, step.effects);
    const isNews = step.effects.length > 0 || step.state !== before;
    if ('by' in event && isNews) this.#record.power(event, false);
  }

  /** Somebody who need not be inside, and whose word is on record, has asked for something. */
  hear(command: RoomCommand): void {
    const step = commandRoom(this.#state, command, Date.now());
    if (step.refused !== null) return;
    this.adopt(step.state, step.effects);
    this.#record.power(command, true);
  }

  /** Carries out a step that the rules have decided. */
  adopt(state: RoomState, effects: readonly RoomEffect[]): void {
    this.#state = state;
    void this.remember();
    // Before anybody hears of anything: whoever came without a consent is not recorded for a moment.
    this.recording.follow();
    for (const effect of effects) this.#carryOut(effect);
    this.#setTimer();
  }

  /** The room as one person in it is shown it. */
  view(personId: string): object {
    const view = roomView(this.#state, personId);
    const isInside = this.#state.occupants[personId]?.place === 'inside';
    return isInside ? { ...view, recording: this.recording.view(personId) } : view;
  }

  add(peer: Peer, name: string, role: RoomRole, isByCode = false): void {
    this.peers.set(peer.id, peer);
    try {
      const { personId, id: connectionId } = peer;
      this.act({ type: 'connect', personId, name, role, connectionId, isByCode });
    } catch (refusal) {
      this.peers.delete(peer.id);
      throw refusal;
    }
    const isHeld = this.atDoor.has(peer.id);
    const view = isHeld ? viewFromDoor(this.#state, peer.personId) : this.view(peer.personId);
    const { rtpCapabilities } = this.media;
    const isWithMedia = this.#state.policy.mode !== 'text';
    const media = isWithMedia ? { rtpCapabilities } : {};
    peer.socket.emit('welcome', { ...view, ...media });
    if (!isHeld) this.flow.sync(peer);
  }

  /** The connection is gone: its media ends at once, its person may come back. */
  remove(peer: Peer, isLeaving: boolean): void {
    if (!this.peers.delete(peer.id) && !this.atDoor.delete(peer.id)) return;
    peer.close();
    void peer.seat?.then((seat) => this.media.leaveSeat(seat)).catch(() => undefined);
    if (this.isOver) return;
    this.act({ type: isLeaving ? 'leave' : 'disconnect', connectionId: peer.id });
  }

  /** Somebody leaves with all of their tabs. */
  dismiss(personId: string): void {
    for (const peer of this.peers.values()) {
      if (peer.personId !== personId) continue;
      this.remove(peer, true);
      peer.socket.emit('left', {});
      peer.socket.disconnect(true);
    }
  }

  /** Everybody is told of what they may consume now, and nothing flows or is recorded beyond it. */
  syncAll(): void {
    this.recording.follow();
    this.flow.syncAll();
  }

  /** Sends to every connection of these people. */
  tell(to: readonly string[], event: string, body: object): void {
    for (const peer of this.peers.values()) {
      if (to.includes(peer.personId)) peer.socket.emit(event, body);
    }
  }

  #carryOut(effect: RoomEffect): void {
    switch (effect.kind) {
      case 'reroute':
        this.flow.silenceWhoMayNot();
        this.syncAll();
        return;
      case 'tell':
        this.#news(effect.to, effect.news);
        return;
      case 'presence': {
        const { personId, role, edge: kind, since } = effect;
        this.#record.presence({ personId, role, kind, at: new Date(since ?? Date.now()) });
        return;
      }
      case 'disconnect':
        for (const peer of this.#those(effect.connectionIds)) peer.socket.disconnect(true);
        return;
      case 'hold':
      case 'let_in':
      case 'turn_away':
        for (const peer of this.#those(effect.connectionIds)) this.#atDoor(effect.kind, peer);
        return;
      case 'alert':
        this.#called = this.#record.alert({ by: effect.by, about: effect.about });
        return;
      case 'close':
        this.media.close('ended');
        return;
      default:
        assertNever(effect);
    }
  }

  /** Whether the calls for help are on record by now, so that somebody is paged; soon at the latest. */
  isCallHeard(): Promise<boolean> {
    const heard = this.#called.then(() => true);
    return Promise.race([heard, sleep(HEARD_WITHIN_MS, false, { ref: false })]);
  }

  #those(connectionIds: readonly string[]): Peer[] {
    return connectionIds.flatMap((id) => this.peers.get(id) ?? this.atDoor.get(id) ?? []);
  }

  #atDoor(kind: 'hold' | 'let_in' | 'turn_away', peer: Peer): void {
    if (kind === 'turn_away') {
      peer.socket.emit('denied', {});
      peer.socket.disconnect(true);
      return;
    }
    const [from, to] = kind === 'hold' ? [this.peers, this.atDoor] : [this.atDoor, this.peers];
    from.delete(peer.id);
    to.set(peer.id, peer);
    if (kind === 'hold') return;
    peer.socket.emit('admitted', this.view(peer.personId));
    this.flow.sync(peer);
  }

  #news(to: readonly string[], news: RoomNews): void {
    const { event, ...body } = news;
    const about = 'personId' in news ? this.#state.occupants[news.personId] : undefined;
    const known = about === undefined ? {} : { name: about.name, role: about.role };
    const isNewPlace = event === 'admitted' || event === 'moved';
    for (const personId of to) {
      const view = isNewPlace ? this.view(personId) : {};
      const rejoin = event === 'room-closed' ? { rejoin: false } : {};
      this.tell([personId], event, { ...known, ...body, ...view, ...rejoin });
    }
  }

  /** The media is gone, the people are not: they come back to wherever the room is placed next. */
  #mediaEnded(end: MediaEnd): void {
    clearTimeout(this.#timer);
    this.recording.close();
    if (this.#state.isClosed) return;
    const rejoin = end !== 'ended';
    if (rejoin) this.tellAll('room-closed', { reason: end, rejoin });
    else this.#endAtOnce();
    for (const { socket } of this.#everybody()) socket.disconnect(true);
  }

  #endAtOnce(): void {
    const { occupants } = this.#state;
    this.tellAll('room-closed', { reason: 'ended', rejoin: false });
    this.#state = { ...this.#state, occupants: {}, isClosed: true };
    void this.remember();
    for (const { personId, role, awaySince } of Object.values(occupants)) {
      const at = new Date(awaySince ?? Date.now());
      this.#record.presence({ personId, role, kind: 'left', at });
    }
  }

  tellAll(event: string, body: object): void {
    for (const { socket } of this.#everybody()) socket.emit(event, body);
  }

  #everybody(): Peer[] {
    return [...this.peers.values(), ...this.atDoor.values()];
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const dueAt = this.isOver ? null : nextTickAt(this.#state);
    if (dueAt === null) return;
    const waitMs = Math.min(Math.max(dueAt - Date.now(), 1), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.act({ type: 'tick' }), waitMs).unref();
  }
}
