import type { types } from 'mediasoup';
import { mayConsume } from '../../../domain/room-reach.ts';
import type { RoomState } from '../../../domain/room.ts';
import type { MediaRoom } from './media-room.ts';
import { type Peer, sourceOf } from './peer.ts';
import { Stage } from './stage.ts';

/** Something that is being sent, and by which connection. */
export interface LiveProducer {
  readonly producer: types.Producer;
  readonly peer: Peer;
}

/** What the flow of media needs to know of a room. */
interface FlowingRoom {
  readonly media: MediaRoom;
  readonly state: RoomState;
  readonly peers: ReadonlyMap<string, Peer>;
}

/** The media that flows in a room: what is sent, who is told of it, and who speaks. */
export class LiveFlow {
  readonly producers = new Map<string, LiveProducer>();
  readonly stage = new Stage();
  readonly #room: FlowingRoom;
  /** The producer of whoever spoke last. */
  #speaking: string | undefined;

  constructor(room: FlowingRoom) {
    this.#room = room;
    const { activeSpeaker } = room.media;
    activeSpeaker.on('dominantspeaker', ({ producer }) => this.#tellSpeaker(producer.id));
  }

  /** Tells a connection of what it may consume now, and takes from it what it may not. */
  sync(peer: Peer): void {
    for (const { consumer, personId } of peer.consumers.values()) {
      if (!mayConsume(this.#room.state, peer.personId, personId)) consumer.close();
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
    for (const peer of this.#room.peers.values()) this.sync(peer);
  }

  /** Tells those who receive a producer of a change to it. */
  tellReceivers(producerId: string, event: string, body: object): void {
    for (const peer of this.#room.peers.values()) {
      if (peer.announced.has(producerId)) peer.socket.emit(event, body);
    }
  }

  /** Whoever may not send any more, as an observer or outside, sends nothing. */
  silenceWhoMayNot(): void {
    for (const { producer, peer } of this.producers.values()) {
      const person = this.#room.state.occupants[peer.personId];
      if (person?.place !== 'inside' || person.role === 'observer') producer.close();
    }
  }

  #tellSpeaker(producerId: string): void {
    const speaker = this.producers.get(producerId)?.peer.personId;
    if (speaker === undefined) return;
    this.#speaking = producerId;
    this.tellReceivers(producerId, 'active-speaker', { personId: speaker });
    this.stage.heard(speaker, this.#room.peers.values());
  }

  #mayHear(peer: Peer, { peer: sender, producer }: LiveProducer): boolean {
    return !producer.closed && mayConsume(this.#room.state, peer.personId, sender.personId);
  }
}
