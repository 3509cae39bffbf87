import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Knex } from 'knex';
import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import { v7 as newId } from 'uuid';
import { beginRecording } from '../../../activities/recordings/begin.ts';
import type { FileStore } from '../../../activities/gateways/file-store.ts';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { endAbandoned, endRecording } from '../../../db/recordings.ts';
import { Finisher } from './finisher.ts';
import { RunningRecording } from './running-recording.ts';

export interface FfmpegProgram {
  readonly program: string;
  /** It can be told to wait for media that pauses; older ones give up after ten seconds. */
  readonly waitsForMedia: boolean;
  /** It can be told on which address to listen; older ones listen on all, and look at who sends. */
  readonly listensWhereTold: boolean;
}

export interface RecorderDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly store: FileStore;
  readonly hostId: string;
  readonly ffmpeg: FfmpegProgram;
  /** How long recordings are kept, ms. */
  readonly livesMs: number;
  /** Whether words are to be made of them. */
  readonly isTranscribed?: boolean;
  /** Ports of this machine for media on its way to ffmpeg. */
  readonly listenInfo: () => types.TransportListenInfo;
  readonly log: Pick<Logger, 'warn'>;
}

const LOOK_EVERY_MS = 5_000;

/** Looks at an ffmpeg once. Rejects where it does not run. */
export async function openFfmpeg(program: string): Promise<FfmpegProgram> {
  const { stdout } = await promisify(execFile)(program, ['-hide_banner', '-h', 'demuxer=sdp']);
  return {
    program,
    waitsForMedia: stdout.includes('listen_timeout'),
    listensWhereTold: stdout.includes('localaddr'),
  };
}

/** Records the rooms of one host, and finishes what was recorded by it or by one that has died. */
export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #running = new Map<string, RunningRecording>();
  readonly #finisher: Finisher;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#finisher = new Finisher(deps);
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** On record from here on; nothing is recorded before its tracks are added. */
  async begin(wish: {
    readonly sessionId: string;
    readonly startedBy: string;
  }): Promise<RunningRecording> {
    const { knex, hostId, livesMs } = this.#deps;
    const id = newId();
    const running = new RunningRecording(this.#deps, id, async () => {
      await endRecording(knex, id, livesMs);
      this.#running.delete(id);
      this.#look();
    });
    // Known before it is on record: else it would be taken for one that was left behind.
    this.#running.set(id, running);
    try {
      await beginRecording(knex, { id, ...wish, hostId, startedAt: new Date() });
    } catch (fault) {
      this.#running.delete(id);
      throw fault;
    }
    return running;
  }

  /** Resolves when all that had ended by now is finished, or could not be. */
  async settled(): Promise<void> {
    this.#look();
    await this.#looking;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#finisher.stop();
    await Promise.all([...this.#running.values()].map((running) => running.end()));
    await this.#looking;
  }

  /** One look at a time; each finishes all that there is. */
  #look(): void {
    if (this.#isClosed) return;
    this.#looking = this.#looking
      .then(() => this.#takeUp())
      .catch((error: unknown) => {
        const name = error instanceof Error ? error.name : 'unknown';
        this.#deps.log.warn({ error: name }, 'recordings could not be finished');
      });
  }

  async #takeUp(): Promise<void> {
    const { knex, hostId, livesMs } = this.#deps;
    await endAbandoned(knex, { hostId, own: [...this.#running.keys()], livesMs });
    while (!this.#isClosed && (await this.#finisher.finishNext()));
  }
}
