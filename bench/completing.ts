import type { BenchClinic, BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { inParallel, interleave, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';

/** Fifteen of them lie beyond the 99th percentile. */
const COMPLETIONS = 1_500;
/** Each of these leaves a crisis alert behind, which has to be resolved. */
const ALARMS = 300;
const AT_ONCE = 8;

/** In the order of the questions. */
const CALM_GAD_7 = [1, 0, 1, 0, 1, 0, 1];
/** The last question is the one of danger: it calls somebody, but not before all is completed. */
const ALARMING_PHQ_9 = [1, 1, 1, 1, 1, 1, 1, 1, 1];

/** Somebody's response session, as far as it is answered. */
interface Answered {
  readonly sessionId: string;
  readonly person: BenchPerson;
}

interface Bench {
  readonly clinic: BenchClinic;
  readonly http: HttpClient;
  /** The same HTTP stack with one bare insert where it completes. */
  readonly bare: HttpClient;
}

/** Completing and scoring through the whole stack against one bare insert in the same stack. */
export async function measureCompleting(context: BenchContext): Promise<Finding[]> {
  const count = Math.ceil(COMPLETIONS * context.scale);
  // Some more warm up; nobody has two open at a time.
  const clinic = await context.openClinic({ therapists: 1, clients: withWarmUp(count) });
  await context.pool.query('CREATE TABLE bench_results (LIKE screening_results INCLUDING ALL)');
  const { url } = await context.stack.startApi('bench/baseline/bare-insert.ts');
  const bench = { clinic, http: openHttp(context.stack.apiUrl, 8), bare: openHttp(url, 8) };
  const findings = [
    ...(await completingCalm(bench, count)),
    ...(await lastAnswerAndCompleting(bench, count)),
    ...(await completingAlarming(context, bench)),
  ];
  bench.http.close();
  bench.bare.close();
  return findings;
}

function withWarmUp(count: number): number {
  return count + Math.ceil(count / 10);
}

/** The one that nearly everybody waits for: scored already, and nothing in it calls anybody. */
async function completingCalm(bench: Bench, count: number): Promise<Finding[]> {
  const sessions = await answered(bench, withWarmUp(count), 'GAD-7', CALM_GAD_7);
  // As many requests as the other process has had.
  const requests = 8 * sessions.length;
  await inParallel(requests, AT_ONCE, (at) =>
    complete(bench.bare, sessions[at % sessions.length]!),
  );
  const name = 'completing a harmless GAD-7, which its last answer has scored';
  const work = (one: Answered) => complete(bench.http, one);
  return against(bench, sessions, { name, count, work, p99AtMost: 1.5 });
}

/** With the answer in which the scoring is done: two requests against one. */
async function lastAnswerAndCompleting(bench: Bench, count: number): Promise<Finding[]> {
  const sessions = await answered(bench, withWarmUp(count), 'GAD-7', CALM_GAD_7.slice(0, -1));
  const name = 'the last answer of a harmless GAD-7, which scores it, and completing it';
  const work = async (one: Answered): Promise<void> => {
    await submit(bench.http, one, CALM_GAD_7.length, CALM_GAD_7.at(-1)!);
    await complete(bench.http, one);
  };
  return against(bench, sessions, { name, count, work, p99AtMost: null });
}

/** Scored when it is completed, in one transaction with its alert and the outbox's row for it. */
async function completingAlarming(context: BenchContext, bench: Bench): Promise<Finding[]> {
  const count = Math.ceil(ALARMS * context.scale);
  const sessions = await answered(bench, withWarmUp(count), 'PHQ-9', ALARMING_PHQ_9);
  const name = 'scoring and completing a PHQ-9 of danger, together with its alert';
  const work = (one: Answered) => complete(bench.http, one);
  const findings = await against(bench, sessions, { name, count, work, p99AtMost: null });
  await resolveAlerts(context, bench);
  return findings;
}

async function against(
  { bare }: Bench,
  sessions: readonly Answered[],
  contest: {
    readonly name: string;
    readonly count: number;
    readonly work: (one: Answered) => Promise<void>;
    readonly p99AtMost: number | null;
  },
): Promise<Finding[]> {
  const { name, count, work, p99AtMost } = contest;
  let [next, other] = [0, 0];
  const [ours, baseline] = await interleave(count, [
    () => work(sessions[next++]!),
    () => complete(bare, sessions[other++]!),
  ]);
  const latency = (of: string, q: number, atMost: number | null): Finding =>
    compared({
      measure: `${name}, ${of}`,
      ours: percentile(ours!, q),
      baseline: percentile(baseline!, q),
      unit: 'ms',
      target: atMost === null ? null : { atMost },
    });
  return [latency('p50', 0.5, null), latency('p99', 0.99, p99AtMost)];
}

/** So many people have given these answers, over the same API that then completes. */
async function answered(
  { http, clinic }: Bench,
  people: number,
  questionnaireType: string,
  values: readonly number[],
): Promise<Answered[]> {
  const sessions: Answered[] = [];
  await inParallel(people, AT_ONCE, async (index) => {
    const person = clinic.clients[index]!;
    const { sessionId } = await post<{ sessionId: string }>(http, person, 'start', {
      questionnaireType,
    });
    const session = { sessionId, person };
    for (const [at, value] of values.entries()) await submit(http, session, at + 1, value);
    sessions.push(session);
  });
  return sessions;
}

async function submit(
  http: HttpClient,
  { sessionId, person }: Answered,
  questionNumber: number,
  selectedValue: number,
): Promise<void> {
  await post(http, person, 'submit-answer', { sessionId, questionNumber, selectedValue });
}

async function complete(http: HttpClient, { sessionId, person }: Answered): Promise<void> {
  await post(http, person, 'complete', { sessionId });
}

async function post<Body>(
  http: HttpClient,
  { token }: BenchPerson,
  path: string,
  body: unknown,
): Promise<Body> {
  const { status, text } = await http.send('POST', `/api/responses/${path}`, token, body);
  if (status >= 300) throw new Error(`${path} was answered ${status}: ${text}`);
  return JSON.parse(text) as Body;
}

/** Whatever is measured next is not to be paged for them. */
async function resolveAlerts({ knex }: BenchContext, { http, clinic }: Bench): Promise<void> {
  const { token } = clinic.therapists[0]!;
  const alerts: string[] = await knex('crisis_alerts')
    .where({ clinic_id: clinic.id })
    .whereNot({ status: 'resolved' })
    .pluck('id');
  await inParallel(alerts.length, AT_ONCE, async (at) => {
    const path = `/api/v1/crisis/${alerts[at]}/resolve`;
    const { status, text } = await http.send('POST', path, token, { outcome: 'false_alarm' });
    if (status !== 200) throw new Error(`A resolution was answered ${status}: ${text}`);
  });
}
