import { pipeline } from 'node:stream/promises';
import { v7 as newId } from 'uuid';
import { readRecorded, recordingContext } from '../../../activities/recordings/sealed-recording.ts';
import { keepTrack, keyOf } from '../../../activities/recordings/track-keys.ts';
import { clearBytesOf, sealingChunks } from '../../../crypto/sealed-chunks.ts';
import { newFileKey } from '../../../crypto/sealed-stream.ts';
import {
  MOST_ATTEMPTS,
  type Track,
  type Unfinished,
  claimUnfinished,
  dropTracks,
  finishTrack,
  recordingReady,
  tracksOf,
} from '../../../db/recordings.ts';
import { type Ffmpeg, runFfmpeg } from './ffmpeg.ts';
import { mixArguments } from './mixing.ts';
import type { RecorderDeps } from './recorder.ts';

/** A file that is whole. */
type WholeTrack = Track & { readonly durationMs: number; readonly sizeBytes: number };

/**
 * Finishes recordings that have ended: tracks that a dead host left are as long as what is on the disk,
 * and one file more shows everybody. It is in the database who does it, so it is done once, and by
 * another host when one dies over it.
 */
export class Finisher {
  readonly #deps: RecorderDeps;
  #mixing: Ffmpeg | null = null;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** Finishes one; false when there is none. Rejects where it has to be tried again. */
  async finishNext(): Promise<boolean> {
    const { knex, hostId, log, isTranscribed = false } = this.#deps;
    const recording = await claimUnfinished(knex, hostId);
    if (recording === null) return false;
    try {
      await this.#finish(recording);
    } catch (error) {
      if (recording.attempts < MOST_ATTEMPTS) throw error;
      log.warn({ recordingId: recording.id }, 'a recording stays without its mixed file');
    }
    await recordingReady(knex, recording.id, { isTranscribed });
    return true;
  }

  /** Gives up what it works on: whoever is next begins it anew. */
  stop(): void {
    this.#mixing?.stop();
  }

  async #finish({ id }: Unfinished): Promise<void> {
    const { knex } = this.#deps;
    const known = await tracksOf(knex, [id]);
    const lost = known.filter(({ source, sizeBytes }) => source === 'mixed' && sizeBytes === null);
    await this.#drop(lost.map((track) => track.id));
    const tracks: WholeTrack[] = [];
    for (const track of known) {
      const whole = track.source === 'mixed' ? null : await this.#whole(track);
      if (whole !== null) tracks.push(whole);
    }
    const isMixed = known.some(({ source, sizeBytes }) => source === 'mixed' && sizeBytes !== null);
    if (tracks.length > 0 && !isMixed) await this.#mix(id, tracks);
  }

  /** Null for a file that nothing came into. */
  async #whole(track: Track): Promise<WholeTrack | null> {
    const { durationMs, sizeBytes, startedAt } = track;
    if (durationMs !== null && sizeBytes !== null) return { ...track, durationMs, sizeBytes };
    const { knex, store } = this.#deps;
    const file = await store.open(track.id);
    await file?.close();
    const known = file === null ? 0 : clearBytesOf(file.sizeBytes);
    if (file === null || known === 0) {
      await this.#drop([track.id]);
      return null;
    }
    const found = {
      sizeBytes: known,
      durationMs: Math.max(file.writtenAt.getTime() - startedAt.getTime(), 0),
    };
    await finishTrack(knex, track.id, { startedAt, ...found });
    return { ...track, ...found };
  }

  async #mix(recordingId: string, tracks: readonly WholeTrack[]): Promise<void> {
    const { ffmpeg, store, knex } = this.#deps;
    const startsAt = Math.min(...tracks.map(({ startedAt }) => startedAt.getTime()));
    const endsAt = Math.max(
      ...tracks.map(({ startedAt, durationMs }) => startedAt.getTime() + durationMs),
    );
    const startedAt = new Date(startsAt);
    const durationMs = Math.max(endsAt - startsAt, 1);
    const inputs = tracks.map(({ source, personId, startedAt: at }) => ({
      kind: source === 'camera' || source === 'screen' ? ('video' as const) : ('audio' as const),
      place: `${personId} ${source}`,
      offsetMs: at.getTime() - startsAt,
    }));
    const [id, key] = [newId(), newFileKey()];
    const file = { id, key, recordingId, personId: null, source: 'mixed' as const, startedAt };
    const isSeen = inputs.some(({ kind }) => kind === 'video');
    await keepTrack(this.#deps, { ...file, mediaType: isSeen ? 'video/webm' : 'audio/webm' });
    try {
      const streams = await Promise.all(
        tracks.map(async (track) =>
          readRecorded(store, { ...track, key: await keyOf(this.#deps, track) }),
        ),
      );
      const mixing = runFfmpeg(ffmpeg.program, mixArguments(inputs, durationMs), streams);
      this.#mixing = mixing;
      const seal = sealingChunks(key, recordingContext(id));
      await pipeline(mixing.output, seal, await store.write(id));
      const complaint = await mixing.ended;
      if (complaint !== null) throw new Error(`ffmpeg could not mix: ${complaint}`);
      const sizeBytes = await this.#sizeOf(id);
      await finishTrack(knex, id, { startedAt, durationMs, sizeBytes });
    } catch (fault) {
      await this.#drop([id]);
      throw fault;
    } finally {
      this.#mixing = null;
    }
  }

  async #sizeOf(id: string): Promise<number> {
    const file = await this.#deps.store.open(id);
    await file?.close();
    return clearBytesOf(file?.sizeBytes ?? 0);
  }

  async #drop(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await dropTracks(this.#deps.knex, ids);
    for (const id of ids) await this.#deps.store.remove(id);
  }
}
