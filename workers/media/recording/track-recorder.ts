import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { types } from 'mediasoup';
import { v7 as newId } from 'uuid';
import { newFileKey } from '../../../crypto/sealed-stream.ts';
import { sealingChunks } from '../../../crypto/sealed-chunks.ts';
import { dropTracks, finishTrack } from '../../../db/recordings.ts';
import { recordingContext } from '../../../activities/recordings/sealed-recording.ts';
import { keepTrack } from '../../../activities/recordings/track-keys.ts';
import type { Source } from '../signalling/peer.ts';
import { copying } from './copying.ts';
import { type Ffmpeg, startFfmpeg } from './ffmpeg.ts';
import { LOOPBACK, freePortPair, whenListening } from './ports.ts';
import type { RecorderDeps } from './recorder.ts';
import {
  containerOf,
  describeTrack,
  mediaTypeOf,
  withoutRetransmissions,
} from './session-description.ts';

/** One thing that somebody sends. */
export interface TrackWish {
  readonly recordingId: string;
  readonly producer: types.Producer;
  readonly router: types.Router;
  readonly personId: string;
  readonly source: Source;
}

/** Until something has come out, a picture to begin with is asked for so often, ms. */
const ASK_EVERY_MS = 1_000;
const LISTEN_WITHIN_MS = 5_000;

/**
 * Records one track until `signal` ends it: its packets go to an ffmpeg over a transport of its own, and
 * what ffmpeg makes of them is sealed on its way to the disk. No packet leaves once it is aborted.
 */
export async function recordTrack(
  deps: RecorderDeps,
  wish: TrackWish,
  signal: AbortSignal,
): Promise<void> {
  const port = await freePortPair();
  if (signal.aborted) return;
  const transport = await wish.router.createPlainTransport({
    listenInfo: deps.listenInfo(),
    rtcpMux: true,
  });
  const close = (): void => transport.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    if (signal.aborted) return;
    await transport.connect({ ip: LOOPBACK, port });
    const consumer = await transport.consume({
      producerId: wish.producer.id,
      rtpCapabilities: withoutRetransmissions(wish.router.rtpCapabilities),
      paused: true,
    });
    await receive(deps, wish, { consumer, port, signal });
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

interface Reception {
  readonly consumer: types.Consumer;
  readonly port: number;
  readonly signal: AbortSignal;
}

async function receive(deps: RecorderDeps, wish: TrackWish, on: Reception): Promise<void> {
  const { consumer, port, signal } = on;
  const { kind, rtpParameters } = consumer;
  const container = containerOf(rtpParameters);
  const file = { id: newId(), key: newFileKey() };
  const { recordingId, personId, source } = wish;
  const mediaType = mediaTypeOf(container, kind);
  const startedAt = new Date();
  await keepTrack(deps, { ...file, recordingId, personId, source, mediaType, startedAt });
  const description = describeTrack(rtpParameters, kind, port);
  const ffmpeg = startFfmpeg(deps.ffmpeg.program, copying(deps.ffmpeg, description, container));
  const stop = (): void => ffmpeg.stop();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await follow(deps, file, { ...on, ffmpeg, startedAt });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

async function follow(
  deps: RecorderDeps,
  { id, key }: { readonly id: string; readonly key: Buffer },
  on: Reception & { readonly ffmpeg: Ffmpeg; readonly startedAt: Date },
): Promise<void> {
  const { consumer, port, signal, ffmpeg } = on;
  const meter = new Meter();
  const target = await deps.store.write(id);
  const writing = pipeline(ffmpeg.output, meter, sealingChunks(key, recordingContext(id)), target);
  // Whoever waits for it hears of its end; until then a fault is no unhandled one.
  writing.catch(() => undefined);
  const firstAt = whenFirstComes(consumer);
  const lastAt = whenAborted(signal);
  await whenListening(port, AbortSignal.any([signal, AbortSignal.timeout(LISTEN_WITHIN_MS)]));
  if (!signal.aborted) await consumer.resume();
  const asking = setInterval(() => {
    if (meter.bytes > 0 || consumer.closed) clearInterval(asking);
    else if (consumer.kind === 'video') consumer.requestKeyFrame().catch(() => undefined);
  }, ASK_EVERY_MS);
  try {
    await writing;
    const startedAt = firstAt() ?? on.startedAt;
    const durationMs = Math.max((lastAt() ?? Date.now()) - startedAt.getTime(), 0);
    await settle(deps, id, { startedAt, durationMs, sizeBytes: meter.bytes });
  } finally {
    clearInterval(asking);
    const complaint = await ffmpeg.ended;
    if (complaint !== null && !signal.aborted) deps.log.warn({ complaint }, 'a track has ended');
  }
}

/** A file that nothing came into is none. */
async function settle(
  { knex, store }: RecorderDeps,
  id: string,
  whole: { readonly startedAt: Date; readonly durationMs: number; readonly sizeBytes: number },
): Promise<void> {
  if (whole.sizeBytes > 0) {
    await finishTrack(knex, id, whole);
    return;
  }
  await dropTracks(knex, [id]);
  await store.remove(id);
}

/** When the first packet came; null while none has. */
function whenFirstComes(consumer: types.Consumer): () => Date | null {
  let at: Date | null = null;
  consumer.enableTraceEvent(['rtp']).catch(() => undefined);
  consumer.once('trace', () => {
    at = new Date();
    consumer.enableTraceEvent([]).catch(() => undefined);
  });
  return () => at;
}

/** When it was told to end, epoch ms; null while it was not. */
function whenAborted(signal: AbortSignal): () => number | null {
  let at: number | null = null;
  signal.addEventListener('abort', () => (at = Date.now()), { once: true });
  return () => at;
}

/** Counts what goes through it. */
class Meter extends Transform {
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (e: null, c: Buffer) => void): void {
    this.bytes += chunk.length;
    done(null, chunk);
  }
}
