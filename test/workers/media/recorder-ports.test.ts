import { type Socket, createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { types } from 'mediasoup';
import { copying } from '../../../workers/media/recording/copying.ts';
import { type Ffmpeg, startFfmpeg } from '../../../workers/media/recording/ffmpeg.ts';
import { freePortPair, whenListening } from '../../../workers/media/recording/ports.ts';
import { openFfmpeg } from '../../../workers/media/recording/recorder.ts';
import { describeTrack } from '../../../workers/media/recording/session-description.ts';
import { ffmpegBin } from '../../support/recording.ts';
import { until } from '../../support/until.ts';

const PAYLOAD_TYPE = 111;
const CODEC = { mimeType: 'audio/opus', payloadType: PAYLOAD_TYPE, clockRate: 48_000, channels: 2 };
const TRACK = { codecs: [CODEC] } as types.RtpParameters;
/** Opus: 20 ms in one frame, of which only the first byte has to make sense. */
const [FRAME, FRAME_TICKS] = [Buffer.from([0xf8]), 960];

/** Where the system tells who listens, and there is an ffmpeg. */
const describePorts = ffmpegBin === null || process.platform !== 'linux' ? describe.skip : describe;

describePorts('what a recorder listens on', () => {
  const running: Ffmpeg[] = [];
  const sockets: Socket[] = [];
  let sequence = 0;
  afterAll(() => {
    for (const each of running) each.stop();
    for (const each of sockets) each.close();
  });

  async function recorder(mayTellWhere: boolean): Promise<{ port: number; ffmpeg: Ffmpeg }> {
    const [port, { program, ...can }] = [await freePortPair(), await openFfmpeg(ffmpegBin!)];
    const ability = { ...can, listensWhereTold: mayTellWhere && can.listensWhereTold };
    const args = copying(ability, describeTrack(TRACK, 'audio', port), 'webm');
    const ffmpeg = startFfmpeg(program, args);
    running.push(ffmpeg);
    await whenListening(port, AbortSignal.timeout(20_000));
    return { port, ffmpeg };
  }

  /** Addresses on which somebody listens on a port or the one after it, as the system writes them. */
  async function addressesOn(port: number): Promise<string[]> {
    const table = await readFile('/proc/net/udp', 'utf8');
    const wanted = [port, port + 1].map((each) => each.toString(16).toUpperCase().padStart(4, '0'));
    const bound = table.match(/[0-9A-F]{8}:[0-9A-F]{4}(?= 00000000:0000)/g) ?? [];
    return bound.flatMap((each) => (wanted.includes(each.slice(9)) ? [each.slice(0, 8)] : []));
  }

  /** Sends a frame that says `words`, from one of this machine's own addresses. */
  async function sender(from: string, port: number): Promise<(words: string) => void> {
    const socket = createSocket('udp4');
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    return (words) => {
      sequence += 1;
      const header = Buffer.from([0x80, PAYLOAD_TYPE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
      header.writeUInt16BE(sequence, 2);
      header.writeUInt32BE(sequence * FRAME_TICKS, 4);
      socket.send(Buffer.concat([header, FRAME, Buffer.from(words)]), port, '127.0.0.1');
    };
  }

  test('is this machine alone', async () => {
    const { port } = await recorder(true);
    expect(new Set(await addressesOn(port))).toEqual(new Set(['0100007F']));
  });

  test.each([
    ['told where to listen', true],
    ['that listens everywhere', false],
  ])(
    'one %s takes in what the media worker sends, and nothing of others',
    async (_how, mayTell) => {
      const { port, ffmpeg } = await recorder(mayTell);
      const [others, worker] = await Promise.all([
        sender('127.0.0.2', port),
        sender('127.0.0.1', port),
      ]);
      let written = '';
      ffmpeg.output.on('data', (chunk: Buffer) => (written += chunk.toString('latin1')));
      await until(() => {
        others('foreign');
        worker('own');
        return written.includes('own');
      });
      expect(written).not.toContain('foreign');
    },
  );
});
