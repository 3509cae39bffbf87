import type { types } from 'mediasoup';
import type { Socket } from 'socket.io';
import { HoldfastError } from '../../../domain/errors.ts';
import { LIMITS, RequestBudget } from './limits.ts';
import type { MediaSeat } from './media-room.ts';

export const SOURCES = ['microphone', 'camera', 'screen', 'screen-audio'] as const;
export type Source = (typeof SOURCES)[number];

/** One connection of a person in a room, and all media that is its own. */
export class Peer {
  readonly socket: Socket;
  readonly personId: string;
  readonly budget = new RequestBudget(performance.now());
  readonly transports = new Map<string, types.WebRtcTransport>();
  readonly producers = new Map<string, types.Producer>();
  readonly consumers = new Map<string, PeerConsumer>();
  /** Producers of others that the client has been told of. */
  readonly announced = new Set<string>();
  /** What its browser can receive; null until it has said so. */
  capabilities: types.RtpCapabilities | null = null;
  seat: Promise<MediaSeat> | null = null;
  readonly chat: ChatChannel = { incoming: null, outgoing: null, isOpen: false };
  /** Takes what came in over a data channel, unchecked. */
  hear: (words: unknown) => void = () => undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #opening = { transports: 0, producers: 0, consumers: 0 };

  constructor(socket: Socket, personId: string) {
    this.socket = socket;
    this.personId = personId;
  }

  get id(): string {
    return this.socket.id;
  }

  /** Runs `open` unless the connection has as many as it may, those that are being opened included. */
  async within<T>(what: 'transports' | 'producers' | 'consumers', open: () => Promise<T>) {
    if (this[what].size + this.#opening[what] >= LIMITS[what]) {
      throw new HoldfastError(
        'refused_by_rule',
        `A connection has at most ${LIMITS[what]} ${what}`,
      );
    }
    this.#opening[what] += 1;
    try {
      return await open();
    } finally {
      this.#opening[what] -= 1;
    }
  }

  /** Runs one thing after the other. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  transport(id: string): types.WebRtcTransport {
    return found(this.transports.get(id), 'transport');
  }

  producer(id: string): types.Producer {
    return found(this.producers.get(id), 'producer');
  }

  consumer(id: string): types.Consumer {
    return this.received(id).consumer;
  }

  received(id: string): PeerConsumer {
    return found(this.consumers.get(id), 'consumer');
  }

  /** Ends its media; with its transports go their producers and consumers. */
  close(): void {
    for (const transport of this.transports.values()) transport.close();
  }
}

/** A connection's data channels: one in, one out. */
export interface ChatChannel {
  incoming: types.DataProducer | null;
  outgoing: types.DataConsumer | null;
  /** The client has said that what comes out is heard. */
  isOpen: boolean;
}

export interface PeerConsumer {
  readonly consumer: types.Consumer;
  /** Whose media it is, and what it is of. */
  readonly personId: string;
  readonly source: Source;
  /** The receiver has not paused it. */
  isWanted: boolean;
  /** It has a place among those that are sent. */
  isShown: boolean;
}

function found<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new HoldfastError('not_found', `There is no such ${what}`);
}

/** What a producer is of; set when it is made, and by nobody else. */
export function sourceOf(producer: types.Producer): Source {
  return producer.appData['source'] as Source;
}
