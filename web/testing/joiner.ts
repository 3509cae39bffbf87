import { Device, type types } from 'mediasoup-client';
import { io } from 'socket.io-client';
import { Call } from '../room/call.ts';
import { prepareDevice } from '../room/device.ts';
import { SIMULCAST } from '../room/media.ts';
import type { Joined } from '../room/room-view.ts';

/** One fake person for the measure of joining: into a room of the product, or a bare one. */
declare global {
  interface Window {
    joiner: Joiner;
  }

  /** Chromium's own; it gives a track's pictures as they are decoded. */
  class MediaStreamTrackProcessor {
    constructor(source: { track: MediaStreamTrack });
    readonly readable: ReadableStream<VideoFrame>;
  }
}

/** How long it took from the token (or the address) to somebody's first decoded picture, ms. */
export type JoinTime = number;

const PICTURE = { width: 640, height: 360, frameRate: 20 };

class Joiner {
  #tracks: MediaStreamTrack[] = [];
  #leave: () => Promise<void> = () => Promise.resolve();
  call: Call | null = null;

  /** Devices are checked before anybody joins, as the room's page does it. */
  async prepare(): Promise<void> {
    await prepareDevice();
    const media = { audio: true, video: PICTURE };
    this.#tracks = (await navigator.mediaDevices.getUserMedia(media)).getTracks();
  }

  /** Joins as the room's page does. Resolves when a picture is there; never where nobody sends one. */
  async ours(joined: Joined): Promise<JoinTime> {
    const seen = Promise.withResolvers<number>();
    const known = new Set<string>();
    const call = new Call(async () => joined, {
      changed: () => {
        for (const { source, track } of call.remote) {
          if (known.has(track.id)) continue;
          known.add(track.id);
          if (source === 'camera') void firstPicture(track).then(seen.resolve);
        }
      },
      chat: () => undefined,
      notice: () => undefined,
      muteRequested: () => undefined,
      replaced: () => undefined,
    });
    this.call = call;
    for (const track of this.#tracks) {
      await call.send(track.kind === 'audio' ? 'microphone' : 'camera', track.clone());
    }
    this.#leave = () => call.leave();
    const began = performance.now();
    await call.start();
    return (await seen.promise) - began;
  }

  /** Joins as mediasoup's own documentation does it. */
  async bare(url: string): Promise<JoinTime> {
    const seen = Promise.withResolvers<number>();
    const tracks = this.#tracks.map((track) => track.clone());
    const began = performance.now();
    const peer = new BarePeer(url);
    this.#leave = async () => {
      peer.close();
      for (const track of tracks) track.stop();
    };
    await peer.join(tracks, (track) => {
      if (track.kind === 'video') void firstPicture(track).then(seen.resolve);
    });
    return (await seen.promise) - began;
  }

  leave(): Promise<void> {
    return this.#leave();
  }
}

/** When the first picture of a track was decoded. */
async function firstPicture(track: MediaStreamTrack): Promise<number> {
  const processor = new MediaStreamTrackProcessor({ track: track.clone() });
  const reader = processor.readable.getReader();
  const { value } = await reader.read();
  const at = performance.now();
  value?.close();
  void reader.cancel();
  return at;
}

interface Consumable {
  readonly id: string;
  readonly producerId: string;
  readonly kind: types.MediaKind;
  readonly rtpParameters: types.RtpParameters;
}

type OnTrack = (track: MediaStreamTrack) => void;

class BarePeer {
  readonly #socket;
  #send: types.Transport | null = null;
  #receive: types.Transport | null = null;

  constructor(url: string) {
    this.#socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
  }

  async join(tracks: readonly MediaStreamTrack[], onTrack: OnTrack): Promise<void> {
    const { rtpCapabilities: routerRtpCapabilities } = await this.#ask<{
      rtpCapabilities: types.RtpCapabilities;
    }>('capabilities');
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities });
    const [send, receive] = await Promise.all(
      [0, 1].map(() => this.#ask<types.TransportOptions>('transport')),
    );
    this.#send = this.#connected(device.createSendTransport(send!));
    this.#receive = this.#connected(device.createRecvTransport(receive!));
    this.#send.on('produce', ({ kind, rtpParameters }, done, failed) => {
      const wish = { id: this.#send!.id, kind, rtpParameters };
      this.#ask<{ id: string }>('produce', wish).then(done, failed);
    });
    const consume = (producerId: string): Promise<void> =>
      this.#consume(producerId, device, onTrack);
    this.#socket.on('producer', ({ producerId }) => void consume(producerId));
    const { producerIds } = await this.#ask<{ producerIds: string[] }>('producers');
    await Promise.all([...producerIds.map(consume), this.#produce(tracks)]);
  }

  close(): void {
    this.#send?.close();
    this.#receive?.close();
    this.#socket.close();
  }

  async #produce(tracks: readonly MediaStreamTrack[]): Promise<void> {
    for (const track of tracks) {
      await this.#send!.produce({
        track,
        ...(track.kind === 'video' ? { encodings: SIMULCAST } : {}),
      });
    }
  }

  async #consume(producerId: string, device: Device, onTrack: OnTrack): Promise<void> {
    const { recvRtpCapabilities: rtpCapabilities } = device;
    const id = this.#receive!.id;
    const terms = await this.#ask<Consumable>('consume', {
      id,
      producerId,
      rtpCapabilities,
    });
    const { track } = await this.#receive!.consume(terms);
    onTrack(track);
    await this.#ask('resume', { id: terms.id });
  }

  #connected(transport: types.Transport): types.Transport {
    const { id } = transport;
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.#ask('secure', { id, dtlsParameters }).then(() => done(), failed);
    });
    return transport;
  }

  #ask<T>(event: string, body: object = {}): Promise<T> {
    return this.#socket.emitWithAck(event, body);
  }
}

window.joiner = new Joiner();
