import { writeFileSync } from 'node:fs';
import type { SeededClinic } from '../../db/seed.ts';
import { ensureDatabase } from '../parts/database.ts';
import { messageOf } from '../provision/progress.ts';
import { hasStandIns } from './environment.ts';
import {
  ensureKeys,
  migrateDatabase,
  prepareOwnTemporal,
  seedClinic,
  startPostgres,
  temporalService,
} from './infrastructure.ts';
import { type TemporalUi, freePort, serveTemporalUi } from '../parts/temporal-ui.ts';
import {
  apiService,
  crisisWorkerService,
  mediaService,
  sandboxService,
  workerService,
} from './product.ts';
import type { Run } from './run.ts';
import type { Service } from './service.ts';
import { type EngineArrival, transcriptWords } from './transcripts.ts';

/** Programs that had to be there before anything starts. */
export interface Tools {
  /** Null where an operator's own Temporal is used. */
  temporalCli: string | null;
  /** The media worker's program, or why there is none. */
  mediaWorker: string | { missing: string };
  /** The program that records, or why there is none. */
  ffmpeg: string | { missing: string };
  /** How far the engine is that makes words of recordings. */
  speech: () => EngineArrival;
}

/** Brings every part up, keeps the product's processes running, and takes all down in order. */
export class Launcher {
  readonly #run: Run;
  /** In the order of their start. */
  readonly #services: Service[] = [];
  #cluster: ReturnType<typeof startPostgres> | undefined;
  #temporalUi: TemporalUi | undefined;
  #stopping: Promise<void> | undefined;
  #video = 'off';

  readonly #tools: Tools;

  constructor(run: Run, tools: Tools) {
    this.#run = run;
    this.#tools = tools;
  }

  /** Whether there is video, in words for a person. */
  get video(): string {
    return this.#video;
  }

  /** Whether sessions can be recorded, likewise. */
  get recording(): string {
    const { ffmpeg } = this.#tools;
    if (this.#video.startsWith('off')) return 'off: there is no video';
    return typeof ffmpeg === 'string' ? 'on, with ffmpeg' : `off: ${ffmpeg.missing}`;
  }

  /** Whether words are made of recordings, likewise. */
  get transcripts(): string {
    const { speechEngine: engine } = this.#run.settings;
    const isRecording = this.recording.startsWith('on');
    return transcriptWords({ engine, isRecording, arrival: this.#tools.speech() });
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /**
   * Resolves when every part is healthy, to the demo clinic when there is one. Rejects with one
   * sentence; what had started by then still has to be stopped.
   */
  async start(): Promise<SeededClinic | null> {
    const run = this.#run;
    const [clinic] = await allSettled([
      this.#database(),
      this.#temporal(),
      hasStandIns(run.settings) ? this.#launch(sandboxService(run)) : Promise.resolve(),
    ]);
    await allSettled([
      this.#launch(apiService(run)),
      this.#launch(workerService(run)),
      this.#launch(crisisWorkerService(run)),
      this.#media(),
    ]);
    writeFileSync(run.paths.startTimes, `${JSON.stringify(run.stopwatch.report(), null, 2)}\n`);
    return clinic;
  }

  /** Ends the parts in the opposite order of their start; a second call waits for the first. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #database(): Promise<SeededClinic | null> {
    const run = this.#run;
    const { stopwatch } = run;
    if (run.settings.databaseUrl === null) {
      this.#cluster = stopwatch.time('postgres', () => startPostgres(run));
      await ensureDatabase((await this.#cluster).url('postgres'), 'holdfast');
    }
    await stopwatch.time('migrations', () => migrateDatabase(run));
    const [clinic] = await Promise.all([
      stopwatch.time('seed', () => seedClinic(run)),
      stopwatch.time('keys', () => ensureKeys(run)),
    ]);
    return clinic;
  }

  async #temporal(): Promise<void> {
    const run = this.#run;
    const { temporalCli } = this.#tools;
    if (temporalCli === null) {
      await run.stopwatch.time('temporal', () => prepareOwnTemporal(run));
      return;
    }
    const innerPort = await freePort();
    await this.#launch(temporalService(run, temporalCli, innerPort));
    if (!this.isStopping) {
      this.#temporalUi = await serveTemporalUi(run.settings.ports.temporalUi, innerPort);
    }
  }

  /** All but video works without a media host: where it can't run, that is said and no more. */
  async #media(): Promise<void> {
    const { mediaWorker, ffmpeg } = this.#tools;
    if (typeof mediaWorker !== 'string') {
      this.#video = `off: ${mediaWorker.missing}`;
      return;
    }
    try {
      await this.#launch(
        mediaService(this.#run, { mediaWorker, ffmpeg: typeof ffmpeg === 'string' ? ffmpeg : '' }),
      );
      this.#video = `http://localhost:${this.#run.settings.ports.media} (signalling)`;
    } catch (fault) {
      this.#video = `off: ${messageOf(fault)}`;
    }
  }

  async #launch(service: Service): Promise<void> {
    if (this.isStopping) return;
    this.#services.push(service);
    await this.#run.stopwatch.time(service.name, () => service.start());
  }

  async #stop(): Promise<void> {
    const byName = (name: string): Service | undefined =>
      this.#services.find((service) => service.name === name);
    const product = ['api', 'worker', 'crisis', 'media'];
    await Promise.all(product.map(async (name) => byName(name)?.stop()));
    await byName('sandbox')?.stop();
    await this.#temporalUi?.close();
    await byName('temporal')?.stop();
    await this.#cluster?.then((cluster) => cluster.stop()).catch(() => undefined);
    this.#run.ledger.forget('postgres');
    this.#run.ledger.release();
  }
}

/** Like Promise.all, but rejects only when nothing of it is still under way. */
async function allSettled<T extends readonly unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  await Promise.allSettled(work as unknown as Promise<unknown>[]);
  return Promise.all(work as unknown as Promise<unknown>[]) as unknown as Promise<T>;
}
