import type { Device, types } from 'mediasoup-client';
import { ChatLine } from './chat-line.ts';
import { openDevice } from './device.ts';
import { Refused, type Signal } from './signal.ts';

export type Source = 'microphone' | 'camera' | 'screen' | 'screen-audio';

export interface RemoteTrack {
  readonly consumerId: string;
  readonly producerId: string;
  readonly personId: string;
  readonly source: Source;
  readonly track: MediaStreamTrack;
  isPaused: boolean;
}

export interface ProducerNews {
  readonly producerId: string;
  readonly personId: string;
  readonly source: Source;
  readonly paused: boolean;
}

interface TransportTerms {
  transportId: string;
  iceParameters: types.IceParameters;
  iceCandidates: types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
  sctpParameters: types.SctpParameters;
}

interface ConsumerTerms {
  readonly consumerId: string;
  readonly kind: types.MediaKind;
  readonly rtpParameters: types.RtpParameters;
}

interface MediaTerms {
  readonly receive: TransportTerms;
  readonly send: TransportTerms;
  /** What is sent already; it flows as soon as the browser has connected. */
  readonly producers: readonly (ProducerNews & ConsumerTerms)[];
}

/** Three sizes of a camera, of which each receiver is sent what fits. */
export const SIMULCAST: types.RtpEncodingParameters[] = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 120_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_200_000 },
];

/** Where media is opened. */
export interface MediaPlace {
  readonly signal: Signal;
  readonly ice: RTCIceServer[];
  /** What the room can send and receive; null where its host has not said so by itself. */
  readonly rtpCapabilities: types.RtpCapabilities | null;
  readonly onChange: () => void;
}

/** The media of one connection: what this browser sends, and what it receives from others. */
export class Media {
  readonly remote = new Map<string, RemoteTrack>();
  readonly #signal: Signal;
  readonly #iceServers: RTCIceServer[];
  readonly #onChange: () => void;
  readonly #device: Device;
  readonly #sending = new Map<Source, types.Producer>();
  readonly #turns = new Map<Source, Promise<void>>();
  readonly #closed = new Set<string>();
  readonly #send: types.Transport;
  readonly #receive: types.Transport;
  readonly #first: Promise<unknown>;

  private constructor(
    { signal, ice, onChange }: MediaPlace,
    device: Device,
    { receive, send, producers }: MediaTerms,
  ) {
    this.#signal = signal;
    this.#device = device;
    this.#iceServers = ice;
    this.#onChange = onChange;
    this.#receive = this.#transport('receive', receive);
    // Taken in at once, the browser agrees with the room about all of them in one go.
    this.#first = Promise.allSettled(producers.map((each) => this.#take(each, each)));
    this.#send = this.#transport('send', send);
  }

  /**
   * Makes both transports; all that they need, and all that is sent already, is asked for at once. From
   * then on the room tells of what can be received.
   */
  static async open(place: MediaPlace): Promise<Media> {
    const { signal } = place;
    const device = await openDevice(place.rtpCapabilities ?? (await capabilitiesOf(signal)));
    const { recvRtpCapabilities: rtpCapabilities } = device;
    const terms = await termsOf(signal, rtpCapabilities);
    return new Media(place, device, terms);
  }

  /** Resolves when what was sent already comes in, or can not. */
  async begun(): Promise<void> {
    await this.#first;
  }

  /** The data channels beside it; once only. */
  chatLine(): ChatLine {
    return new ChatLine(this.#signal, this.#receive, this.#send);
  }

  /** Sends a track, in place of what was sent of the same source. */
  send(source: Source, track: MediaStreamTrack, isPaused = false): Promise<void> {
    return this.#inTurn(source, () => this.#produce(source, track, isPaused));
  }

  pause(source: Source, isPaused: boolean): Promise<void> {
    return this.#inTurn(source, () => this.#pause(source, isPaused));
  }

  stop(source: Source): Promise<void> {
    return this.#inTurn(source, () => this.#stop(source));
  }

  /** What is begun to be sent can be paused and stopped, and is begun once. */
  #inTurn(source: Source, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(source) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(source, settled);
    return turn;
  }

  async #produce(source: Source, track: MediaStreamTrack, isPaused: boolean): Promise<void> {
    const known = this.#sending.get(source);
    if (known !== undefined && !known.closed) {
      await known.replaceTrack({ track });
      return;
    }
    const producer = await this.#send.produce({
      track,
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: true,
      appData: { source, isPaused },
      ...(source === 'camera' ? { encodings: SIMULCAST } : {}),
      ...(source === 'microphone' ? { codecOptions: { opusDtx: true, opusFec: true } } : {}),
    });
    if (isPaused) producer.pause();
    this.#sending.set(source, producer);
  }

  async #pause(source: Source, isPaused: boolean): Promise<void> {
    const producer = this.#sending.get(source);
    if (producer === undefined) return;
    if (isPaused) producer.pause();
    else producer.resume();
    const event = isPaused ? 'pause-producer' : 'resume-producer';
    await this.#signal.ask(event, { producerId: producer.id });
  }

  async #stop(source: Source): Promise<void> {
    const producer = this.#sending.get(source);
    if (producer === undefined) return;
    this.#sending.delete(source);
    producer.close();
    await this.#signal.ask('close-producer', { producerId: producer.id });
  }

  /** Another tab of the same person sends it now. */
  replaced(producerId: string): Source | null {
    for (const [source, producer] of this.#sending) {
      if (producer.id !== producerId) continue;
      producer.close();
      this.#sending.delete(source);
      return source;
    }
    return null;
  }

  async receive(news: ProducerNews): Promise<void> {
    const { producerId } = news;
    this.#closed.delete(producerId);
    const wish = { transportId: this.#receive.id, producerId };
    const terms = await this.#signal.ask<ConsumerTerms>('consume', wish);
    await this.#take(news, terms);
    // It is shown before it flows, so that its first picture is.
    await this.#signal.ask('resume-consumer', { consumerId: terms.consumerId });
  }

  async #take(news: ProducerNews, terms: ConsumerTerms): Promise<void> {
    const { producerId, personId, source, paused } = news;
    const { consumerId, kind, rtpParameters } = terms;
    const consumer = await this.#receive.consume({
      id: consumerId,
      producerId,
      kind,
      rtpParameters,
    });
    if (this.#closed.has(producerId)) {
      consumer.close();
      return;
    }
    const { track } = consumer;
    this.remote.set(consumerId, {
      consumerId,
      producerId,
      personId,
      source,
      track,
      isPaused: paused,
    });
    consumer.observer.once('close', () => this.remote.delete(consumerId));
    this.#onChange();
  }

  /** What others have stopped sending, or what one may not hear any more. */
  ended(producerId: string): void {
    this.#closed.add(producerId);
    for (const each of this.remote.values()) {
      if (each.producerId === producerId) this.remote.delete(each.consumerId);
    }
    this.#onChange();
  }

  paused(producerId: string, isPaused: boolean): void {
    for (const each of this.remote.values()) {
      if (each.producerId === producerId) each.isPaused = isPaused;
    }
    this.#onChange();
  }

  /** Small pictures need no large ones sent. */
  async prefer(consumerId: string, spatialLayer: number): Promise<void> {
    await this.#signal.ask('set-preferred-layers', { consumerId, spatialLayer });
  }

  /** What the browser measures of everything that it receives. */
  stats(): Promise<RTCStatsReport> {
    return this.#receive.getStats();
  }

  close(): void {
    this.#send.close();
    this.#receive.close();
    this.remote.clear();
  }

  #transport(
    direction: 'send' | 'receive',
    { transportId: id, ...terms }: TransportTerms,
  ): types.Transport {
    const options = { id, ...terms, iceServers: this.#iceServers };
    const transport =
      direction === 'send'
        ? this.#device.createSendTransport(options)
        : this.#device.createRecvTransport(options);
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.#signal.ask('connect-transport', { transportId: id, dtlsParameters }).then(done, failed);
    });
    transport.on('connectionstatechange', (state) => {
      if (state === 'disconnected' || state === 'failed') void this.#restart(transport);
    });
    if (direction === 'send') this.#offer(transport);
    return transport;
  }

  #offer(transport: types.Transport): void {
    transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      const { source, isPaused } = appData as { source: Source; isPaused: boolean };
      const request = { transportId: transport.id, kind, source, rtpParameters, paused: isPaused };
      this.#signal
        .ask<{ producerId: string }>('produce', request)
        .then(({ producerId }) => done({ id: producerId }), failed);
    });
  }

  /** The path was lost, the room was not: another path is looked for. */
  async #restart(transport: types.Transport): Promise<void> {
    try {
      const { iceParameters } = await this.#signal.ask<{ iceParameters: types.IceParameters }>(
        'restart-ice',
        { transportId: transport.id },
      );
      await transport.restartIce({ iceParameters });
    } catch {
      // The connection itself is lost; whoever makes a new one makes new transports.
    }
  }
}

// While a clinic updates its hosts, an earlier one may still have the room: it is asked one by one.

async function capabilitiesOf(signal: Signal): Promise<types.RtpCapabilities> {
  const answer = await signal.ask<{ rtpCapabilities: types.RtpCapabilities }>(
    'get-rtp-capabilities',
  );
  return answer.rtpCapabilities;
}

async function termsOf(
  signal: Signal,
  rtpCapabilities: types.RtpCapabilities,
): Promise<MediaTerms> {
  try {
    return await signal.ask<MediaTerms>('open-media', { rtpCapabilities });
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'MALFORMED_REQUEST') throw error;
  }
  const receive = await signal.ask<TransportTerms>('create-transport');
  const send = await signal.ask<TransportTerms>('create-transport');
  // It tells of what is sent already once it knows what can be received.
  await signal.ask('set-rtp-capabilities', { rtpCapabilities });
  return { receive, send, producers: [] };
}
