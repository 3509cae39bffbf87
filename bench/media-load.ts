import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Where one stream of packets goes. */
export interface SendTo {
  readonly kind: 'audio' | 'video';
  readonly ssrc: number;
  readonly port: number;
}

export type MediaCommand =
  | { readonly do: 'open'; readonly count: number; readonly sink: number }
  | { readonly do: 'report' }
  | { readonly do: 'weigh' }
  | { readonly do: 'close' };

/** Processor time of a host's two processes so far, ms. */
export interface MediaReport {
  readonly workerMs: number;
  readonly nodeMs: number;
}

/** A key for all that is sent on; nobody decrypts it. */
export const SRTP_KEY = Buffer.alloc(28, 7).toString('base64');

const LEVEL_ID = 10;

/** As a browser sends a voice: 50 packets a second, with its loudness. */
export const AUDIO = {
  kind: 'audio' as const,
  codec: { mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 },
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level' as const, id: LEVEL_ID }],
};

/** A camera of about 1 Mbit/s: 125 packets a second. */
export const VIDEO = {
  kind: 'video' as const,
  codec: { mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000 },
  headerExtensions: [],
};

const RATE = { audio: 50, video: 125 } as const;
const PAYLOAD = { audio: 80, video: 1_000 } as const;
const CLOCK = { audio: 48_000, video: 90_000 } as const;
const TICK_MS = 20;

/** Packets of one stream each second. */
export const PACKETS_PER_PEER = RATE.audio + RATE.video;

/** Sends packets to producers, and counts what consumers send on. */
export class MediaLoad {
  readonly #socket: Socket;
  readonly #sequences = new Map<number, number>();
  received = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', () => (this.received += 1));
  }

  static async open(): Promise<MediaLoad> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new MediaLoad(socket);
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port;
  }

  /** Sends at the pace of real peers for so long. Resolves to how many packets went out. */
  async send(streams: readonly SendTo[], forMs: number): Promise<number> {
    const began = performance.now();
    const sent = new Map<SendTo, number>();
    let total = 0;
    for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - began) {
      for (const stream of streams) {
        const due = Math.floor((elapsed / 1_000) * RATE[stream.kind]);
        for (let count = sent.get(stream) ?? 0; count < due; count += 1) {
          this.#socket.send(this.#packet(stream), stream.port, '127.0.0.1');
          total += 1;
        }
        sent.set(stream, due);
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    return total;
  }

  close(): void {
    this.#socket.close();
  }

  #packet({ kind, ssrc }: SendTo): Buffer {
    const sequence = (this.#sequences.get(ssrc) ?? 0) + 1;
    this.#sequences.set(ssrc, sequence);
    const headerBytes = kind === 'audio' ? 20 : 12;
    const packet = Buffer.alloc(headerBytes + PAYLOAD[kind], sequence & 0xff);
    packet.writeUInt8(kind === 'audio' ? 0x90 : 0x80, 0);
    packet.writeUInt8(kind === 'audio' ? AUDIO.codec.payloadType : VIDEO.codec.payloadType, 1);
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE((sequence * (CLOCK[kind] / RATE[kind])) >>> 0, 4);
    packet.writeUInt32BE(ssrc, 8);
    if (kind === 'audio') writeLevel(packet, sequence);
    else writeVp8(packet, headerBytes, sequence);
    return packet;
  }
}

/** A one-byte header extension: a voice of changing loudness. */
function writeLevel(packet: Buffer, sequence: number): void {
  packet.writeUInt16BE(0xbede, 12);
  packet.writeUInt16BE(1, 14);
  packet.writeUInt8(LEVEL_ID << 4, 16);
  packet.writeUInt8(0x80 | (20 + (sequence % 40)), 17);
  packet.fill(0, 18, 20);
}

/** Every packet begins a key frame, so that none is held back. */
function writeVp8(packet: Buffer, at: number, sequence: number): void {
  packet.writeUInt8(0x90, at);
  packet.writeUInt8(0x80, at + 1);
  packet.writeUInt8(sequence & 0x7f, at + 2);
  packet.writeUInt8(0x00, at + 3);
}
