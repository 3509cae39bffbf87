import type { types } from 'mediasoup';
import { mayConsume } from '../../../domain/room-reach.ts';
import type { RoomState } from '../../../domain/room.ts';
import type { MediaRoom } from './media-room.ts';
import { type Peer, type Source, sourceOf } from './peer.ts';
import { Stage } from './stage.ts';
import { MAIN_PLACE } from '../voices.ts';

/** Something that is being sent, and by which connection. */
export interface LiveProducer {
  readonly producer: types.Producer;
  readonly peer: Peer;
}

/** What a connection is told of something that it may consume. */
export interface ProducerNews {
  readonly producerId: string;
  readonly personId: string;
  readonly kind: types.MediaKind;
  readonly source: Source;
  readonly paused: boolean;
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
  /** In each place, the producer of whoever spoke last there. */
  readonly #speaking = new Map<string, string>();
  /** In which place each microphone is listened to. */
  readonly #listened = new Map<string, string>();

  constructor(room: FlowingRoom) {
    this.#room = room;
    room.media.onSpeaker((place, producerId) => this.#tellSpeaker(place, producerId));
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
    for (const news of this.untold(peer)) peer.socket.emit('new-producer', news);
  }

  /** What a connection may consume and was not told of; whoever asks tells it. */
  untold(peer: Peer): ProducerNews[] {
    const untold = [...this.producers.values()].filter(
      (each) => !peer.announced.has(each.producer.id) && this.#mayHear(peer, each),
    );
    return untold.map(({ producer, peer: sender }) => {
      peer.announced.add(producer.id);
      const { id: producerId, kind, paused } = producer;
      const { personId } = sender;
      // It may be long until somebody else speaks.
      const isSpeaking = this.#speaking.get(this.#placeOf(sender)) === producerId;
      if (isSpeaking) peer.socket.emit('active-speaker', { personId });
      return { producerId, personId, kind, source: sourceOf(producer), paused };
    });
  }

  syncAll(): void {
    for (const live of this.producers.values()) {
      const place = this.#listened.get(live.producer.id);
      // What fails here has closed meanwhile.
      if (place !== undefined && place !== this.#placeOf(live.peer)) {
        this.listen(live).catch(() => undefined);
      }
    }
    for (const peer of this.#room.peers.values()) this.sync(peer);
  }

  /** Watches whether somebody speaks where they are now. */
  async listen({ producer, peer }: LiveProducer): Promise<void> {
    if (sourceOf(producer) !== 'microphone' || peer.seat === null) return;
    if (!this.#listened.has(producer.id)) {
      producer.observer.once('close', () => this.#listened.delete(producer.id));
    }
    const place = this.#placeOf(peer);
    this.#listened.set(producer.id, place);
    await this.#room.media.watchVoice(producer, await peer.seat, place);
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

  #tellSpeaker(place: string, producerId: string | null): void {
    if (producerId === null) return this.#tellSilence(place);
    const live = this.producers.get(producerId);
    // They may have spoken before they were moved.
    if (live === undefined || this.#placeOf(live.peer) !== place) return;
    const { personId } = live.peer;
    this.#speaking.set(place, producerId);
    for (const peer of this.#room.peers.values()) {
      const isOwn = peer.personId === personId;
      if (isOwn || peer.announced.has(producerId)) peer.socket.emit('active-speaker', { personId });
    }
    this.stage.heard(personId, this.#room.peers.values());
  }

  #tellSilence(place: string): void {
    this.#speaking.delete(place);
    for (const peer of this.#room.peers.values()) {
      const isInside = this.#room.state.occupants[peer.personId]?.place === 'inside';
      if (!isInside || this.#placeOf(peer) !== place) continue;
      peer.socket.emit('active-speaker', { personId: null });
    }
  }

  #placeOf({ personId }: Peer): string {
    return this.#room.state.occupants[personId]?.breakoutId ?? MAIN_PLACE;
  }

  #mayHear(peer: Peer, { peer: sender, producer }: LiveProducer): boolean {
    return !producer.closed && mayConsume(this.#room.state, peer.personId, sender.personId);
  }
}
