import { setTimeout as delay } from 'node:timers/promises';
import type { RecorderDeps } from './recorder.ts';
import { type TrackWish, recordTrack } from './track-recorder.ts';

/** A track that ends by itself is taken up again after so long, ms. */
const AGAIN_AFTER_MS = 1_000;
const LAST_PAUSE_MS = 30_000;

interface RunningTrack {
  readonly stopping: AbortController;
  readonly done: Promise<void>;
}

/** One recording while it goes on: which tracks are in it is told from outside, at any time. */
export class RunningRecording {
  readonly id: string;
  readonly #deps: RecorderDeps;
  readonly #onEnd: () => Promise<void>;
  readonly #tracks = new Map<string, RunningTrack>();
  readonly #ending: Promise<void>[] = [];
  #end: Promise<void> | null = null;

  constructor(deps: RecorderDeps, id: string, onEnd: () => Promise<void>) {
    this.#deps = deps;
    this.id = id;
    this.#onEnd = onEnd;
  }

  /** The producers that are in it. */
  get producerIds(): string[] {
    return [...this.#tracks.keys()];
  }

  /** Takes a track in from now on; one that is in it goes on. */
  take(wish: Omit<TrackWish, 'recordingId'>): void {
    const { id } = wish.producer;
    if (this.#end !== null || this.#tracks.has(id)) return;
    const stopping = new AbortController();
    const done = this.#record({ ...wish, recordingId: this.id }, stopping.signal);
    this.#tracks.set(id, { stopping, done });
  }

  /** No packet of a producer goes into it from now on. */
  drop(producerId: string): void {
    const track = this.#tracks.get(producerId);
    if (track === undefined) return;
    this.#tracks.delete(producerId);
    track.stopping.abort();
    this.#ending.push(track.done);
  }

  /** Nothing goes into it from now on. Resolves when all of it is on the disk, and on record. */
  end(): Promise<void> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  async #finish(): Promise<void> {
    for (const producerId of this.producerIds) this.drop(producerId);
    await Promise.all(this.#ending);
    await this.#onEnd().catch(() => {
      this.#deps.log.warn({ recordingId: this.id }, 'the end of a recording waits');
    });
  }

  /** A fault of one track ends no other. */
  async #record(wish: TrackWish, signal: AbortSignal): Promise<void> {
    for (let pauseMs = AGAIN_AFTER_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        await recordTrack(this.#deps, wish, signal);
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown';
        if (!signal.aborted) this.#deps.log.warn({ error: name }, 'a track could not be recorded');
      }
      if (signal.aborted || wish.producer.closed) return;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}
