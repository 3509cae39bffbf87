import { createWorker } from 'mediasoup';
import type { types } from 'mediasoup';
import { mediaCodecs } from './codecs.ts';

export interface SfuOptions {
  /** The media worker's program; without it the package's own is looked for. */
  readonly workerBin?: string;
  /** Media workers, one a core. */
  readonly cores: number;
  /** The first `cores` ports are the workers' own, UDP and TCP; pipes and recordings share the rest. */
  readonly minPort: number;
  readonly maxPort: number;
  /** The interface that media is received on, and the address that browsers are told. */
  readonly listenIp: string;
  readonly announcedIp: string;
  /** A media worker has died; its routers have closed, and another takes its place. */
  readonly onDeath?: () => void;
}

/** One core of the host: a router of a room lives on one, and so do the transports on it. */
export interface SfuCore {
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
}

/** A router and the server whose port its peers connect to. */
export interface Seat {
  readonly router: types.Router;
  readonly webRtcServer: types.WebRtcServer;
}

/** A room counts as much as this share of a core, until its media shows in the processor time. */
const ROOM_SHARE = 0.02;
/** A media worker that hangs is asked so often before it is ended; hosts ask every two seconds. */
const MAX_SILENCES = 3;
const ANSWER_WITHIN_MS = 2_000;
const NOTHING_USED = { usedMs: 0, at: 0, share: 0, silences: 0 };

/** The media workers of one host, each on a core and with one port of its own. */
export class Sfu {
  readonly #options: SfuOptions;
  readonly #cores: (Core | null)[];
  #isClosed = false;

  private constructor(options: SfuOptions) {
    this.#options = options;
    this.#cores = Array.from({ length: options.cores }, () => null);
  }

  /** Rejects where the program is missing or a port is taken. */
  static async open(options: SfuOptions): Promise<Sfu> {
    const sfu = new Sfu(options);
    try {
      await Promise.all(sfu.#cores.map((_none, index) => sfu.#startCore(index)));
      return sfu;
    } catch (fault) {
      sfu.close();
      throw fault;
    }
  }

  get cores(): number {
    return this.#options.cores;
  }

  /** The media workers that run. */
  get workers(): types.Worker[] {
    return this.#cores.flatMap((core) => (core === null ? [] : [core.worker]));
  }

  /** Their process ids. */
  get pids(): number[] {
    return this.workers.map(({ pid }) => pid);
  }

  /** Ports for pipes and plain transports. */
  get spareListenInfo(): types.TransportListenInfo {
    const { minPort, maxPort, cores } = this.#options;
    const portRange = { min: Math.min(minPort + cores, maxPort), max: maxPort };
    return { protocol: 'udp', ip: '127.0.0.1', portRange };
  }

  /** A router on the least busy core, but none of `besides`. Throws where no media worker runs. */
  async seat(besides: readonly Seat[] = []): Promise<Seat> {
    const taken = new Set(besides.map(({ webRtcServer }) => webRtcServer.id));
    const free = this.#cores.filter((core) => core !== null && !taken.has(core.webRtcServer.id));
    const [core] = free.filter((each) => each !== null).toSorted((a, b) => scoreOf(a) - scoreOf(b));
    if (core === undefined) throw new Error('No media worker runs');
    const router = await core.worker.createRouter({ mediaCodecs });
    core.routerIds.add(router.id);
    router.observer.once('close', () => core.routerIds.delete(router.id));
    return { router, webRtcServer: core.webRtcServer };
  }

  /** Whether rooms may spread: another core has not got one yet. */
  hasOtherCores(besides: readonly Seat[]): boolean {
    return this.#cores.filter((core) => core !== null).length > besides.length;
  }

  /** Share of all cores that was busy since the last call, 0 to 1. */
  async measureLoad(): Promise<number> {
    const shares = await Promise.all(this.#cores.map(measure));
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  }

  close(): void {
    this.#isClosed = true;
    for (const core of this.#cores) core?.worker.close();
    this.#cores.fill(null);
  }

  async #startCore(index: number): Promise<void> {
    const { workerBin, listenIp, announcedIp, minPort } = this.#options;
    const worker = await createWorker({
      logLevel: 'error',
      ...(workerBin === undefined ? {} : { workerBin }),
    });
    outliveSignals(worker);
    if (this.#isClosed) {
      worker.close();
      return;
    }
    const address = { ip: listenIp, announcedAddress: announcedIp, port: minPort + index };
    const routerIds = new Set<string>();
    worker.once('died', () => this.#replace(index));
    try {
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: [
          { protocol: 'udp', ...address },
          { protocol: 'tcp', ...address },
        ],
      });
      this.#cores[index] = { worker, webRtcServer, routerIds, ...NOTHING_USED };
    } catch (fault) {
      worker.close();
      throw fault;
    }
  }

  #replace(index: number): void {
    this.#cores[index] = null;
    if (this.#isClosed) return;
    this.#options.onDeath?.();
    void this.#startAgain(index);
  }

  /** The port of a worker that died may be taken for a moment longer. */
  async #startAgain(index: number): Promise<void> {
    for (let pauseMs = 100; !this.#isClosed; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      try {
        await this.#startCore(index);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      }
    }
  }
}

/**
 * mediasoup closes its workers by itself as soon as the process is asked to end, which would leave
 * nothing to drain. When they end is the host's to say.
 */
function outliveSignals(worker: types.Worker): void {
  const onSignal: unknown = Reflect.get(worker, 'onSignal');
  if (typeof onSignal !== 'function') return;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.removeListener(signal, onSignal as (...args: unknown[]) => void);
  }
}

interface Core extends SfuCore {
  readonly routerIds: Set<string>;
  /** Processor time when it was last looked at, and when that was, ms. */
  usedMs: number;
  at: number;
  share: number;
  /** How often in a row it has not answered. */
  silences: number;
}

function scoreOf(core: Core): number {
  return core.share + core.routerIds.size * ROOM_SHARE;
}

/** A core without a worker takes nothing, nor does one whose worker says nothing. */
async function measure(core: Core | null): Promise<number> {
  if (core === null) return 1;
  try {
    const usage = await answered(core.worker);
    const usedMs = usage.ru_utime + usage.ru_stime;
    const now = performance.now();
    const share = core.at === 0 ? 0 : (usedMs - core.usedMs) / (now - core.at);
    core.share = Math.min(Math.max(share, 0), 1);
    core.usedMs = usedMs;
    core.at = now;
    core.silences = 0;
  } catch {
    core.share = 1;
    core.silences += 1;
    if (core.silences >= MAX_SILENCES) kill(core.worker);
  }
  return core.share;
}

async function answered(worker: types.Worker): Promise<types.WorkerResourceUsage> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const isSilent = (): void => reject(new Error('A media worker is silent'));
  // Where this process itself was held up, the answer may have come and not been read.
  const timer = setTimeout(() => setImmediate(isSilent), ANSWER_WITHIN_MS);
  try {
    return await Promise.race([worker.getResourceUsage(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Its rooms are placed anew, and another takes its place. */
function kill({ pid, closed }: types.Worker): void {
  if (closed) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has died just now.
  }
}
