import type { types } from 'mediasoup';
import { assertNever } from '../../../domain/assert-never.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import { mayConsume } from '../../../domain/room-reach.ts';
import {
  type RoomEffect,
  type RoomEvent,
  type RoomNews,
  type RoomRole,
  type RoomState,
  advanceRoom,
  nextTickAt,
} from '../../../domain/room.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { tellChat } from './chat-channel.ts';
import { LiveRecording, type RecordingStart } from './live-recording.ts';
import type { MediaEnd, MediaRoom } from './media-room.ts';
import { type Peer, sourceOf } from './peer.ts';
import { type ChatNews, RoomChat, type Words, newsOf } from './room-chat.ts';
import { Stage } from './stage.ts';
import { roomView } from './room-view.ts';

/** What a room tells the outside. */
export interface RoomRecord {
  /** In the order of the calls; whatever fails is tried again. */
  presence(change: {
    readonly personId: string;
    readonly role: RoomRole;
    readonly kind: 'waiting' | 'joined' | 'left';
    readonly at: Date;
  }): void;
  /** In the order of the calls, and apart from who came: it was delivered before. */
  chat(entry: ChatEntry): void;
  /** So much has not been written down yet that no more is taken in. */
  readonly isFull: boolean;
  /** Somebody was shown what was written before they came. */
  chatShown(to: { readonly personId: string; readonly count: number }): void;
  /** Somebody has called for help without a word. */
  alert(call: { readonly by: string; readonly about: string }): void;
  /** What the room knows now, and the last word from outside that it has heard. */
  remember(state: RoomState, heardUpTo: string): void;
  /** What somebody has said to being recorded. Resolves when it is on record, or given up. */
  consent(said: { readonly personId: string; readonly isGiven: boolean }): Promise<void>;
}

/** Something that is being sent, and by which connection. */
export interface LiveProducer {
  readonly producer: types.Producer;
  readonly peer: Peer;
}

/** The longest time that a timer of Node can wait for, ms. */
const LONGEST_WAIT_MS = 2_000_000_000;

/**
 * One open room: the rules' state, the connections in it, and the media that flows between them.
 * The state changes in one step with everything that follows from it, so that no media is left
 * flowing that the rules forbid.
 */
export class LiveRoom {
  readonly media: MediaRoom;
  readonly peers = new Map<string, Peer>();
  readonly producers = new Map<string, LiveProducer>();
  readonly stage = new Stage();
  readonly recording: LiveRecording;
  readonly chat: RoomChat;
  /** The last word from outside that it has heard. */
  heardUpTo: string;
  readonly #record: RoomRecord;
  #state: RoomState;
  #timer: NodeJS.Timeout | undefined;
  /** The producer of whoever spoke last. */
  #speaking: string | undefined;

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
    this.chat = new RoomChat(media, chat);
    this.#state = state;
    this.#record = record;
    this.recording = new LiveRecording(this, record, recording);
    media.onClose((end) => this.#mediaEnded(end));
    media.activeSpeaker.on('dominantspeaker', ({ producer }) => this.#tellSpeaker(producer.id));
    record.remember(state, heardUpTo);
    this.#setTimer();
  }

  get state(): RoomState {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state.isClosed || this.media.isClosed;
  }

  /** Runs an event through the rules and carries out what follows. Throws what the rules refuse. */
  act(event: RoomEvent): void {
    const step = advanceRoom(this.#state, event, Date.now());
    if (step.refused !== null) throw new HoldfastError(step.refused, 'The room does not allow it');
    this.adopt(step.state, step.effects);
  }

  /** Carries out a step that the rules have decided. */
  adopt(state: RoomState, effects: readonly RoomEffect[]): void {
    this.#state = state;
    this.#record.remember(state, this.heardUpTo);
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

  add(peer: Peer, name: string, role: RoomRole): void {
    this.peers.set(peer.id, peer);
    try {
      const { personId, id: connectionId } = peer;
      this.act({ type: 'connect', personId, name, role, connectionId });
    } catch (refusal) {
      this.peers.delete(peer.id);
      throw refusal;
    }
    peer.socket.emit('welcome', this.view(peer.personId));
    this.sync(peer);
  }

  /** The connection is gone: its media ends at once, its person may come back. */
  remove(peer: Peer, isLeaving: boolean): void {
    if (!this.peers.delete(peer.id)) return;
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

  /** Tells a connection of what it may consume now, and takes from it what it may not. */
  sync(peer: Peer): void {
    for (const { consumer, personId } of peer.consumers.values()) {
      if (!mayConsume(this.#state, peer.personId, personId)) consumer.close();
    }
    const allowed = [...this.producers.values()].filter((each) => this.#mayHear(peer, each));
    const ids = new Set(allowed.map(({ producer }) => producer.id));
    for (const producerId of peer.announced) {
      if (ids.has(producerId)) continue;
      peer.announced.delete(producerId);
      peer.socket.emit('producer-closed', { producerId });
    }
    if (peer.capabilities === null) return;
    for (const { producer, peer: sender } of allowed) {
      if (peer.announced.has(producer.id)) continue;
      peer.announced.add(producer.id);
      const { id: producerId, kind, paused } = producer;
      const { personId } = sender;
      const news = { producerId, personId, kind, source: sourceOf(producer), paused };
      peer.socket.emit('new-producer', news);
      // It may be long until somebody else speaks.
      if (producerId === this.#speaking) peer.socket.emit('active-speaker', { personId });
    }
  }

  syncAll(): void {
    this.recording.follow();
    for (const peer of this.peers.values()) this.sync(peer);
  }

  /** Somebody writes to those around them; what was sent before, over another path, says nothing new. */
  write(personId: string, words: Words): { readonly message: ChatNews } {
    if (this.#record.isFull && !this.chat.knows(personId, words)) {
      throw new HoldfastError('dependency_unavailable', 'Nothing can be written down just now');
    }
    const { entry, isNew } = this.chat.write(this.#state, personId, words, Date.now());
    const message = newsOf(entry);
    const { messageId: sentAs } = words;
    const echo = sentAs === undefined ? message : { ...message, sentAs };
    if (isNew) {
      for (const peer of this.peers.values()) {
        if (peer.personId === personId) tellChat(peer, echo);
        else if (entry.audience.includes(peer.personId)) tellChat(peer, message);
      }
      this.#record.chat(entry);
    }
    return { message: echo };
  }

  /** What was written and may be read by somebody who is inside. */
  historyFor(personId: string): { readonly messages: readonly ChatNews[] } {
    const messages = this.chat.historyFor(this.#state, personId);
    if (messages.length > 0) this.#record.chatShown({ personId, count: messages.length });
    return { messages };
  }

  /** Sends to every connection of these people. */
  tell(to: readonly string[], event: string, body: object): void {
    for (const peer of this.peers.values()) {
      if (to.includes(peer.personId)) peer.socket.emit(event, body);
    }
  }

  /** Tells those who receive a producer of a change to it. */
  tellReceivers(producerId: string, event: string, body: object): void {
    for (const peer of this.peers.values()) {
      if (peer.announced.has(producerId)) peer.socket.emit(event, body);
    }
  }

  #mayHear(peer: Peer, { peer: sender, producer }: LiveProducer): boolean {
    return !producer.closed && mayConsume(this.#state, peer.personId, sender.personId);
  }

  #carryOut(effect: RoomEffect): void {
    switch (effect.kind) {
      case 'reroute':
        this.#silenceWhoMayNot();
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
        for (const id of effect.connectionIds) this.peers.get(id)?.socket.disconnect(true);
        return;
      case 'alert':
        this.#record.alert({ by: effect.by, about: effect.about });
        return;
      case 'close':
        this.media.close('ended');
        return;
      default:
        assertNever(effect);
    }
  }

  /** Whoever may not send any more, as an observer or outside, sends nothing. */
  #silenceWhoMayNot(): void {
    for (const { producer, peer } of this.producers.values()) {
      const person = this.#state.occupants[peer.personId];
      if (person?.place !== 'inside' || person.role === 'observer') producer.close();
    }
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

  #tellSpeaker(producerId: string): void {
    const speaker = this.producers.get(producerId)?.peer.personId;
    if (speaker === undefined) return;
    this.#speaking = producerId;
    this.tellReceivers(producerId, 'active-speaker', { personId: speaker });
    this.stage.heard(speaker, this.peers.values());
  }

  /** The media is gone, the people are not: they come back to wherever the room is placed next. */
  #mediaEnded(end: MediaEnd): void {
    clearTimeout(this.#timer);
    this.recording.close();
    if (this.#state.isClosed) return;
    const rejoin = end !== 'ended';
    if (rejoin) this.tellAll('room-closed', { reason: end, rejoin });
    else this.#endAtOnce();
    for (const peer of this.peers.values()) peer.socket.disconnect(true);
  }

  #endAtOnce(): void {
    const { occupants } = this.#state;
    this.tellAll('room-closed', { reason: 'ended', rejoin: false });
    this.#state = { ...this.#state, occupants: {}, isClosed: true };
    this.#record.remember(this.#state, this.heardUpTo);
    for (const { personId, role, awaySince } of Object.values(occupants)) {
      const at = new Date(awaySince ?? Date.now());
      this.#record.presence({ personId, role, kind: 'left', at });
    }
  }

  tellAll(event: string, body: object): void {
    for (const { socket } of this.peers.values()) socket.emit(event, body);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const dueAt = this.isOver ? null : nextTickAt(this.#state);
    if (dueAt === null) return;
    const waitMs = Math.min(Math.max(dueAt - Date.now(), 1), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.act({ type: 'tick' }), waitMs).unref();
  }
}
