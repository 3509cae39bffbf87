import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { environmentWith, loadLauncherSettings } from '../config/launcher-settings.ts';
import type { TwilioGatewaySettings } from '../activities/gateways/twilio.ts';
import type { DemoFile } from '../scripts/launcher/demo-file.ts';
import { productEnvironment } from '../scripts/launcher/environment.ts';
import { API_NODE_ARGS } from '../scripts/launcher/product.ts';
import { homePaths, readOrMakeSecrets } from '../scripts/launcher/home.ts';
import type { PartTime } from '../scripts/launcher/stopwatch.ts';
import { root } from '../scripts/root.ts';
import { type CpuTimes, cpuTimes, residentBytes } from './cpu.ts';

/** How long a start took, by the clock of whoever typed the command, and where the time went. */
export interface StartReport {
  readonly wallMs: number;
  readonly totalMs: number;
  readonly parts: readonly PartTime[];
}

/** A process that tells what it holds. */
export interface Weighed {
  /** Bytes in use after its garbage is gone, in the heap and beside it. */
  heldBytes(): Promise<number>;
}

export interface BenchStack {
  readonly demo: DemoFile;
  readonly keysFile: string;
  /** The API as clinics run it: no validation of answers, limits on; but it takes in all it can. */
  readonly apiUrl: string;
  readonly firstStart: StartReport;
  readonly warmStarts: readonly StartReport[];
  /** How the product's own processes reach the provider of texts. */
  readonly texting: TwilioGatewaySettings;
  /** Starts a program of the repository beside the stack. */
  startBeside(
    entry: string,
    args: readonly string[],
    isReady: (line: string) => boolean,
  ): Promise<Weighed>;
  /** Another API beside, which sheds bookings, or another program that listens as one does. */
  startApi(entry?: string): Promise<Weighed & { readonly url: string }>;
  freePort(): Promise<number>;
  /** Processor time of each process so far. */
  cpu(): CpuTimes;
  /** Bytes of memory that the API at `apiUrl` holds; NaN where the system has no /proc. */
  apiMemory(): number;
  close(): Promise<void>;
}

const PORTS = [
  'PORT',
  'POSTGRES_PORT',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'SANDBOX_PORT',
  'SMTP_PORT',
  'WORKER_PORT',
  'CRISIS_WORKER_PORT',
  'MEDIA_PORT',
];
/** What can be taken in is measured without a limit to it. */
const NOTHING_SHED = {
  SHED_LOOP_DELAY_MS: '60000',
  SHED_POOL_WAITERS: '100000',
  SHED_IN_FLIGHT: '100000',
  SHED_BUSY_PERCENT: '100',
};
const WEIGHED = ['--expose-gc', '--import', join(root, 'bench/baseline/memory.ts')];
const READY_WITHIN_MS = 240_000;

/** `npm start` in a temporary data folder: once to make it, then warm, so many times; the last stays. */
export async function startStack(warmStarts: number): Promise<BenchStack> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const env = { HOLDFAST_HOME: home, ...(await freePorts()) };
  const running: ChildProcess[] = [];
  try {
    const reports: StartReport[] = [];
    for (let start = 0; start <= warmStarts; start += 1) {
      await Promise.all(running.splice(0).map(stopped));
      const { child, wallMs } = await started('scripts/start.ts', [], env, (line) =>
        line.includes('Ctrl-C stops everything'),
      );
      running.push(child);
      reports.push({ ...readJson<StartReport>(homePaths(home).startTimes), wallMs });
    }
    return await beside(home, env, running, reports);
  } catch (fault) {
    await closeAll(home, running);
    throw fault;
  }
}

async function beside(
  home: string,
  env: Readonly<Record<string, string>>,
  running: ChildProcess[],
  [firstStart, ...warmStarts]: readonly StartReport[],
): Promise<BenchStack> {
  const demo = readJson<DemoFile>(homePaths(home).demo);
  const others: Record<string, number> = {};
  const startBeside: BenchStack['startBeside'] = async (entry, args, isReady) => {
    const { child } = await started(entry, args, env, isReady);
    running.push(child);
    others[entry] = child.pid ?? 0;
    return { heldBytes: () => heldBytes(child) };
  };
  const production = productionEnvironment(home, env);
  const startApi = async (
    entry = 'api/main.ts',
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Weighed & { url: string; pid: number }> => {
    const port = await freePort();
    const { child } = await started(
      entry,
      [],
      { ...production, ...settings, PORT: String(port) },
      (line) => line.includes('the API listens'),
      API_NODE_ARGS,
    );
    running.push(child);
    const url = `http://127.0.0.1:${port}`;
    return { url, pid: child.pid ?? 0, heldBytes: () => heldBytes(child) };
  };
  const api = await startApi('api/main.ts', NOTHING_SHED);
  others['api (production)'] = api.pid;
  return {
    demo,
    keysFile: homePaths(home).keys,
    apiUrl: api.url,
    texting: textingIn(production, demo.apiUrl),
    firstStart: firstStart!,
    warmStarts,
    startBeside,
    startApi,
    freePort,
    cpu: () => cpuTimes(homePaths(home).run, others),
    apiMemory: () => residentBytes(api.pid),
    close: () => closeAll(home, running),
  };
}

/** What the launcher gives the product's processes, but without the sandbox's leniency. */
function productionEnvironment(
  home: string,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const settings = loadLauncherSettings(environmentWith(env));
  const { databaseUrl, temporalAddress } = readJson<DemoFile>(homePaths(home).demo);
  const secrets = readOrMakeSecrets(homePaths(home).secrets);
  const product = productEnvironment(settings, secrets, { databaseUrl, temporalAddress });
  return { ...product, HOLDFAST_SANDBOX: '0' };
}

function textingIn(
  { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM, TWILIO_API_URL }: NodeJS.ProcessEnv,
  publicUrl: string,
): TwilioGatewaySettings {
  return {
    accountSid: TWILIO_ACCOUNT_SID ?? '',
    authToken: TWILIO_AUTH_TOKEN ?? '',
    from: TWILIO_FROM ?? '',
    apiUrl: TWILIO_API_URL ?? null,
    publicUrl,
  };
}

function heldBytes(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('A process did not say what it holds.')),
      30_000,
    );
    child.once('message', (usage: NodeJS.MemoryUsage) => {
      clearTimeout(late);
      resolve(usage.heapUsed + usage.external);
    });
    child.send('memory');
  });
}

/** Later starters end first. */
async function closeAll(home: string, running: ChildProcess[]): Promise<void> {
  for (const child of running.splice(0).toReversed()) await stopped(child);
  rmSync(home, { recursive: true, force: true });
}

async function started(
  entry: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isReady: (line: string) => boolean,
  nodeArgs: readonly string[] = [],
): Promise<{ child: ChildProcess; wallMs: number }> {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...WEIGHED, ...nodeArgs, join(root, entry), ...args],
    {
      cwd: root,
      env: environmentWith(env),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // As the launcher starts the product's processes: each in a session of its own.
      detached: true,
    },
  );
  await untilReady(child, entry, isReady);
  return { child, wallMs: performance.now() - began };
}

function untilReady(
  child: ChildProcess,
  entry: string,
  isReady: (line: string) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const lastWords: string[] = [];
    const late = setTimeout(
      () => reject(new Error(`${entry} was not ready in time.`)),
      READY_WITHIN_MS,
    );
    const settle = (): void => clearTimeout(late);
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        lastWords.splice(0, Math.max(0, lastWords.length - 5));
        lastWords.push(line);
        if (!isReady(line)) return;
        settle();
        resolve();
      });
    }
    child.once('error', reject);
    child.once('exit', () => {
      settle();
      reject(new Error(`${entry} ended: ${lastWords.join(' | ')}`));
    });
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

async function freePorts(): Promise<Record<string, string>> {
  const ports = new Set<number>();
  while (ports.size < PORTS.length) ports.add(await freePort());
  const named = PORTS.map((name, index) => [name, String([...ports][index])] as const);
  return { ...Object.fromEntries(named), ...mediaPorts() };
}

/** Below the ports that the system hands out by itself: media needs some in a row. */
function mediaPorts(): Record<string, string> {
  const first = 12_000 + Math.floor(Math.random() * 19_000);
  return { MEDIASOUP_MIN_PORT: String(first), MEDIASOUP_MAX_PORT: String(first + 50) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
