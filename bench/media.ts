import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { provideMediaWorker } from '../scripts/provision/media-worker.ts';
import { messageOf } from '../scripts/provision/progress.ts';
import { root } from '../scripts/root.ts';
import type { BenchContext } from './context.ts';
import { measureJoin } from './join.ts';
import { alternate, median } from './measure.ts';
import { type MediaCommand, MediaLoad, type MediaReport, PACKETS_PER_PEER } from './media-load.ts';
import type { SendTo } from './media-load.ts';
import { type Finding, compared } from './report.ts';

const ROOMS = 16;
const IDLE_ROOMS = 100;
/** Short and many: the machine's own ups and downs are longer, and fall on both sides. */
const ROUND_MS = 2_000;
const ROUNDS_FOR_ONE = 4;

/**
 * What a host of rooms costs beside what mediasoup itself does: processor time of both of its processes
 * for each packet sent on (encrypted), memory for each one-to-one room, and the time to come into one.
 */
export async function measureMedia(context: BenchContext): Promise<Finding[]> {
  const workerBin = await provideMediaWorker().catch((fault: unknown) => {
    console.error(`  NOT MEASURED: media, since ${messageOf(fault)}`);
    return null;
  });
  if (workerBin === null) return [];
  const costs = await measureCosts(context, workerBin);
  // The host that was measured has gone: no room that somebody joins is placed on it.
  return [...costs, ...(await measureJoin(context, workerBin))];
}

async function measureCosts(context: BenchContext, workerBin: string): Promise<Finding[]> {
  const load = await MediaLoad.open();
  const port = await context.stack.freePort();
  const { databaseUrl } = context.stack.demo;
  const sides = {
    ours: await startSide(['ours', databaseUrl, workerBin, String(port)]),
    baseline: await startSide(['bare', databaseUrl, workerBin, String(port)]),
  };
  try {
    const forwarding = await measureForwarding(context, sides, load);
    const memory = await measureMemory(context, sides, load);
    return [...forwarding, memory];
  } finally {
    load.close();
    await Promise.all(Object.values(sides).map((side) => side.close()));
  }
}

interface Side {
  open(count: number, sink: number): Promise<SendTo[]>;
  report(): Promise<MediaReport>;
  weigh(): Promise<number>;
  close(): Promise<void>;
}

async function startSide(args: readonly string[]): Promise<Side> {
  const child = fork(join(root, 'bench/baseline/media-side.ts'), args, {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const answers = answersOf(child);
  await answers();
  const ask = async <T>(command: MediaCommand): Promise<T> => {
    child.send(command);
    return (await answers()) as T;
  };
  return {
    open: (count, sink) => ask({ do: 'open', count, sink }),
    report: () => ask({ do: 'report' }),
    weigh: () => ask({ do: 'weigh' }),
    close: async () => {
      await ask({ do: 'close' }).catch(() => undefined);
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** One question at a time: whoever asks next gets the next answer. */
function answersOf(child: ChildProcess): () => Promise<unknown> {
  let next = awaited();
  const settle = (message: { answer?: unknown; fault?: string }): void => {
    if (message.fault === undefined) next.resolve(message.answer);
    else next.reject(new Error(message.fault));
  };
  child.on('message', settle);
  child.once('exit', () => settle({ fault: 'a side of the measure has ended' }));
  return async () => {
    const answer = await next.promise;
    next = awaited();
    return answer;
  };
}

/** The end of a side that nobody asks any more is no fault. */
function awaited(): PromiseWithResolvers<unknown> {
  const next = Promise.withResolvers<unknown>();
  next.promise.catch(() => undefined);
  return next;
}

interface Sides {
  readonly ours: Side;
  readonly baseline: Side;
}

interface Forwarded {
  readonly microsEach: number;
  readonly share: number;
}

async function measureForwarding(
  context: BenchContext,
  { ours, baseline }: Sides,
  load: MediaLoad,
): Promise<Finding[]> {
  const [own, bare] = [await ours.open(ROOMS, load.port), await baseline.open(ROOMS, load.port)];
  const forMs = Math.max(1_000, ROUND_MS * context.scale);
  const rounds = await alternate(context.rounds * ROUNDS_FOR_ONE, {
    ours: () => forward(ours, own, load, forMs),
    baseline: () => forward(baseline, bare, load, forMs),
  });
  const of = (side: readonly Forwarded[]): number => median(side.map((each) => each.microsEach));
  const perSession = of(rounds.ours) * PACKETS_PER_PEER * 2;
  const sessions = Math.floor(1_000_000 / perSession);
  return [
    compared({
      measure: 'processor time for a forwarded packet',
      ours: of(rounds.ours),
      baseline: of(rounds.baseline),
      unit: 'µs',
      target: { atMost: 1.15 },
      details: { rounds },
    }),
    {
      measure: 'one-to-one video sessions a core',
      ours: String(sessions),
      baseline: '',
      ratio: null,
      target: '',
      isMet: null,
    },
  ];
}

async function forward(
  side: Side,
  streams: readonly SendTo[],
  load: MediaLoad,
  forMs: number,
): Promise<Forwarded> {
  const before = await side.report();
  const received = load.received;
  const sent = await load.send(streams, forMs);
  // What is on its way still arrives.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = await side.report();
  const packets = load.received - received;
  if (packets < sent * 0.9) {
    throw new Error(`Only ${packets} of ${sent} packets were sent on; the measure means nothing`);
  }
  const ms = after.workerMs - before.workerMs + after.nodeMs - before.nodeMs;
  return { microsEach: (ms * 1_000) / packets, share: packets / sent };
}

async function measureMemory(
  { scale }: BenchContext,
  sides: Sides,
  load: MediaLoad,
): Promise<Finding> {
  const count = Math.max(20, Math.round(IDLE_ROOMS * scale));
  const [ours, baseline] = [
    await kilobytesEach(sides.ours, count, load.port),
    await kilobytesEach(sides.baseline, count, load.port),
  ];
  return compared({
    measure: 'memory of a one-to-one room',
    ours,
    baseline,
    unit: 'kB',
    target: { atMost: 1.2 },
    details: { rooms: count },
  });
}

async function kilobytesEach(side: Side, count: number, sink: number): Promise<number> {
  // What a first room brings with it is no room's own.
  await side.open(5, sink);
  const before = await side.weigh();
  await side.open(count, sink);
  return ((await side.weigh()) - before) / 1_024 / count;
}
