import { insertBooking } from '../db/bookings.ts';
import { viewSession } from '../db/session-views.ts';
import { inTransaction } from '../db/transaction.ts';
import { type BenchContext, cpuMeters } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { alternate, inParallel, median, percentile } from './measure.ts';
import { bookingOf } from './new-booking.ts';
import { type Finding, compared } from './report.ts';

const READS = 2_000;
const WIDTH = 16;
const SESSIONS = 100;

interface Read {
  readonly perSecond: number;
  readonly timesMs: readonly number[];
}

/** GET of one session through the whole stack against plain Express with the same query, token check and audit. */
export async function measureReading(context: BenchContext): Promise<Finding[]> {
  const plainUrl = await startPlainServer(context);
  const sessions = await sessionsToRead(context);
  const [http, plain] = [openHttp(context.stack.apiUrl, WIDTH), openHttp(plainUrl, WIDTH)];
  const count = Math.ceil(READS * context.scale);
  const cpu = cpuMeters(context);
  const { ours, baseline } = await alternate(context.rounds, {
    ours: () => cpu.ours.around(count, () => readAll(http, sessions, count)),
    baseline: () => cpu.baseline.around(count, () => readAll(plain, sessions, count)),
  });
  http.close();
  plain.close();
  const timesOf = (reads: readonly Read[]): number[] =>
    reads.flatMap(({ timesMs }) => [...timesMs]);
  const latency = (name: string, q: number): Finding =>
    compared({
      measure: `reading one session, ${name}`,
      ours: percentile(timesOf(ours), q),
      baseline: percentile(timesOf(baseline), q),
      unit: 'ms',
      target: null,
    });
  return [
    compared({
      measure: 'reading one session',
      ours: median(ours.map(({ perSecond }) => perSecond)),
      baseline: median(baseline.map(({ perSecond }) => perSecond)),
      unit: '/s',
      target: { atLeast: 0.7 },
      cpu,
      details: { ratiosByRound: ours.map((read, at) => read.perSecond / baseline[at]!.perSecond) },
    }),
    latency('p50', 0.5),
    latency('p99', 0.99),
  ];
}

async function startPlainServer({ stack }: BenchContext): Promise<string> {
  const port = await stack.freePort();
  const { databaseUrl, apiUrl: issuer } = stack.demo;
  const options = { port, databaseUrl, issuer, keysFile: stack.keysFile, query: await viewQuery() };
  await stack.startBeside('bench/baseline/server.ts', [JSON.stringify(options)], (line) =>
    line.includes('the plain server listens'),
  );
  return `http://127.0.0.1:${port}`;
}

/** The very query that the product asks. */
async function viewQuery(): Promise<string> {
  let asked = '';
  const listener = {
    raw: async (sql: string) => {
      asked = sql;
      return { rows: [] };
    },
  };
  await viewSession(listener as never, '');
  let place = 0;
  return asked.replaceAll('?', () => `$${(place += 1)}`);
}

interface Readable {
  readonly path: string;
  readonly token: string;
}

/** Sessions that stand in the database as after a booking, each with its client. */
async function sessionsToRead({ knex, clinic }: BenchContext): Promise<Readable[]> {
  const readable: Readable[] = [];
  for (let made = 0; made < SESSIONS; made += 1) {
    const { therapist, client, startsAt } = clinic.nextSlot();
    const session = bookingOf(clinic.id, { therapist, clientId: client.id, startsAt });
    const actor = { id: client.id, role: 'patient', clinicId: clinic.id };
    await inTransaction(knex, { actor, requestId: null }, async (trx) => {
      await insertBooking(trx, session);
      // Nobody is to look after it: it is there to be read.
      await trx('sessions').where({ id: session.id }).update({ workflow_started_at: new Date() });
    });
    readable.push({ path: `/api/therapy/sessions/${session.id}`, token: client.token });
  }
  return readable;
}

async function readAll(
  http: HttpClient,
  sessions: readonly Readable[],
  count: number,
): Promise<Read> {
  const began = performance.now();
  const timesMs = await inParallel(count, WIDTH, async (index) => {
    const { path, token } = sessions[index % sessions.length]!;
    const { status, text } = await http.send('GET', path, token);
    if (status !== 200) throw new Error(`A read was answered ${status}: ${text}`);
  });
  return { perSecond: (count / (performance.now() - began)) * 1000, timesMs };
}
