import { Device, type types } from 'mediasoup-client';
import { Call } from '../room/call.ts';
import type { Source } from '../room/media.ts';
import type { Joined } from '../room/room-view.ts';

/** One fake person in a browser's tab, moved by a test. */
declare global {
  interface Window {
    joinRoom(): Promise<Joined>;
    peer: TestPeer;
  }
}

/** How much has come from somebody: pictures decoded and sound, since the connection was made. */
export interface Received {
  readonly personId: string;
  readonly source: Source;
  readonly frames: number;
  readonly energy: number;
  /** Of the pictures, in pixels. */
  readonly width: number;
  readonly consumerId: string;
}

interface Flow {
  readonly framesDecoded?: number;
  readonly totalAudioEnergy?: number;
  readonly frameWidth?: number;
}

const SMALL = { width: 160, height: 90, frameRate: 5 };

/** Every connection for media that the tab has had. */
const connections: RTCPeerConnection[] = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
};

/** Every data channel of this tab, so that a test can count and misuse them. */
const channels: RTCDataChannel[] = [];
const made = new Map<RTCDataChannel, RTCPeerConnection>();
const createDataChannel = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (this: RTCPeerConnection, ...args) {
  const channel = createDataChannel.apply(this, args);
  channels.push(channel);
  made.set(channel, this);
  return channel;
};

let isLayered = false;
const createSendTransport = Device.prototype.createSendTransport;
const onWideLines = function (this: Device, options: types.TransportOptions): types.Transport {
  const transport = createSendTransport.call(this, options);
  const produce = transport.produce.bind(transport);
  const send = (wish: types.ProducerOptions): Promise<types.Producer> =>
    produce(wish.track?.kind === 'video' ? onWideLine(wish, this) : wish);
  transport.produce = send as typeof transport.produce;
  return transport;
};
Device.prototype.createSendTransport = onWideLines as typeof createSendTransport;

/**
 * A busy machine delays datagrams, which a browser takes for a narrow line: it then leaves out the larger
 * pictures. This line is never narrower than all of them need.
 */
function onWideLine(wish: types.ProducerOptions, device: Device): types.ProducerOptions {
  const codecOptions = { videoGoogleStartBitrate: 1_000, videoGoogleMinBitrate: 1_000 };
  if (!isLayered || wish.appData?.['source'] !== 'camera') return { ...wish, codecOptions };
  const codec = device.sendRtpCapabilities.codecs?.find(({ mimeType }) => /vp9/i.test(mimeType));
  if (codec === undefined) throw new Error('This browser can not send VP9.');
  const encodings = [{ scalabilityMode: 'L3T3_KEY', maxBitrate: 1_500_000 }];
  return { ...wish, encodings, codec, codecOptions };
}

class TestPeer {
  readonly call: Call;
  readonly notices: string[] = [];
  readonly chat: string[] = [];
  readonly muteRequests: string[] = [];
  readonly #sinks = new Map<string, HTMLMediaElement>();

  constructor() {
    this.call = new Call(() => window.joinRoom(), {
      changed: () => this.#play(),
      chat: ({ name, text }) => this.chat.push(`${name}: ${text}`),
      notice: (text) => this.notices.push(text),
      muteRequested: (kind) => this.muteRequests.push(kind),
      replaced: () => undefined,
    });
  }

  async start(withMedia: boolean, video: MediaTrackConstraints = SMALL): Promise<void> {
    if (withMedia) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
      for (const track of stream.getTracks()) {
        await this.call.send(track.kind === 'audio' ? 'microphone' : 'camera', track);
      }
    }
    await this.call.start();
  }

  /** Sends its camera as one stream of layers, as other clients than the room's page may. */
  sendLayered(): void {
    isLayered = true;
  }

  /** Shares a picture that moves. */
  async share(): Promise<void> {
    const canvas = document.createElement('canvas');
    const brush = canvas.getContext('2d')!;
    let hue = 0;
    setInterval(() => {
      brush.fillStyle = `hsl(${(hue += 20)} 80% 50%)`;
      brush.fillRect(0, 0, canvas.width, canvas.height);
    }, 100);
    await this.call.send('screen', canvas.captureStream(5).getVideoTracks()[0]!);
  }

  /** The browser says of every path that it is lost. */
  losePaths(): void {
    for (const connection of connections) {
      if (connection.connectionState !== 'connected') continue;
      Object.defineProperty(connection, 'connectionState', {
        get: () => 'disconnected',
        configurable: true,
      });
      connection.dispatchEvent(new Event('connectionstatechange'));
      Reflect.deleteProperty(connection, 'connectionState');
    }
  }

  /** What tells one path from the next, of each connection that is there. */
  get paths(): string[] {
    const open = connections.filter(({ connectionState }) => connectionState === 'connected');
    return open.map(
      ({ localDescription }) => /a=ice-ufrag:(\S+)/.exec(localDescription?.sdp ?? '')?.[1] ?? '',
    );
  }

  get connectionsMade(): number {
    return connections.length;
  }

  get view() {
    const { phase, end, view, connections, people, waiting, reason } = this.call;
    return {
      phase,
      end,
      reason,
      connections,
      role: view?.role ?? null,
      breakout: view?.breakout?.name ?? null,
      people: [...people.values()].filter(({ isAway }) => !isAway).map(({ name }) => name),
      waiting: [...waiting.values()].map(({ personId }) => personId),
      breakouts: view?.breakouts ?? [],
      recording: view?.recording ?? null,
    };
  }

  /** What the browser itself counts on data channels that are open. */
  async channels(): Promise<{ received: number; sent: number; open: number }> {
    const counted = { received: 0, sent: 0, open: 0 };
    for (const connection of new Set(made.values())) {
      for (const each of (await connection.getStats()).values()) {
        if (each.type !== 'data-channel' || each.state !== 'open') continue;
        counted.received += each.messagesReceived;
        counted.sent += each.messagesSent;
        counted.open += 1;
      }
    }
    return counted;
  }

  /** Sends anything at all on the channel that chat goes out by. */
  raw(data: string | ArrayBuffer): void {
    const outgoing = channels.filter(({ readyState }) => readyState === 'open').at(-1);
    outgoing?.send(data as string);
  }

  async received(): Promise<Received[]> {
    const stats = await this.call.stats();
    const flows = new Map<string, Flow>();
    for (const each of stats?.values() ?? []) {
      if (each.type === 'inbound-rtp') flows.set(each.trackIdentifier, each);
    }
    return this.call.remote.map(({ personId, source, track, consumerId }) => {
      const { framesDecoded, totalAudioEnergy, frameWidth } = flows.get(track.id) ?? {};
      const amounts = { frames: framesDecoded ?? 0, energy: totalAudioEnergy ?? 0 };
      return { personId, source, ...amounts, width: frameWidth ?? 0, consumerId };
    });
  }

  /** Sound is decoded only where something plays it. */
  #play(): void {
    const remote = this.call.remote;
    for (const { track } of remote) {
      if (this.#sinks.has(track.id)) continue;
      const sink = document.createElement(track.kind === 'audio' ? 'audio' : 'video');
      sink.srcObject = new MediaStream([track]);
      sink.muted = track.kind === 'video';
      this.#sinks.set(track.id, sink);
      sink.play().catch(() => undefined);
    }
    const live = new Set(remote.map(({ track }) => track.id));
    for (const [id, sink] of this.#sinks) {
      if (live.has(id)) continue;
      sink.srcObject = null;
      this.#sinks.delete(id);
    }
  }
}

window.peer = new TestPeer();
