import type { BenchClinic, BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { inParallel, interleave, median, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';

/** Fifteen of them lie beyond the 99th percentile. */
const COMPLETIONS = 1_500;
const RESULTS = 1_000_000;
const MONTHS = 24;
/** With the warm-up within what the door lets an admin ask in a quarter of an hour. */
const READS = 150;

/** Questionnaires scored one after another, and what a million of them come to. */
export async function measureScreening(context: BenchContext): Promise<Finding[]> {
  return [...(await measureCompleting(context)), ...(await measureAggregate(context))];
}

/** Completing and scoring through the whole stack against one bare insert in the same stack. */
async function measureCompleting(context: BenchContext): Promise<Finding[]> {
  const count = Math.ceil(COMPLETIONS * context.scale);
  // Some more warm up; nobody has two open at a time.
  const size = { therapists: 1, clients: count + Math.ceil(count / 10) };
  const clinic = await context.openClinic(size);
  await context.pool.query('CREATE TABLE bench_results (LIKE screening_results INCLUDING ALL)');
  const { url } = await context.stack.startApi('bench/baseline/bare-insert.ts');
  const [http, bare] = [openHttp(context.stack.apiUrl, 8), openHttp(url, 8)];
  const sessions = await answered(http, clinic);
  // As many requests as the other process has had.
  await inParallel(8 * sessions.length, 8, (at) => complete(bare, sessions[at % sessions.length]!));
  let [next, other] = [0, 0];
  const [ours, baseline] = await interleave(count, [
    () => complete(http, sessions[next++]!),
    () => complete(bare, sessions[other++]!),
  ]);
  http.close();
  bare.close();
  const latency = (name: string, q: number, atMost: number | null): Finding =>
    compared({
      measure: `completing and scoring a questionnaire, ${name}`,
      ours: percentile(ours!, q),
      baseline: percentile(baseline!, q),
      unit: 'ms',
      target: atMost === null ? null : { atMost },
    });
  return [latency('p50', 0.5, null), latency('p99', 0.99, 1.5)];
}

interface Answered {
  readonly sessionId: string;
  readonly person: BenchPerson;
}

/** Everybody has answered all seven questions of GAD-7, over the same API that then completes. */
async function answered(http: HttpClient, { clients }: BenchClinic): Promise<Answered[]> {
  const sessions: Answered[] = [];
  await inParallel(clients.length, 8, async (index) => {
    const person = clients[index]!;
    const begin = { questionnaireType: 'GAD-7' };
    const { sessionId } = await post<{ sessionId: string }>(http, person, 'start', begin);
    for (let questionNumber = 1; questionNumber <= 7; questionNumber += 1) {
      const answer = { sessionId, questionNumber, selectedValue: questionNumber % 2 };
      await post(http, person, 'submit-answer', answer);
    }
    sessions.push({ sessionId, person });
  });
  return sessions;
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

/** The aggregate of a clinic with so many results, through the whole stack, against one indexed scan of them. */
async function measureAggregate(context: BenchContext): Promise<Finding[]> {
  const rows = Math.ceil(RESULTS * context.scale);
  const clinic = await context.openClinic({ therapists: 1, clients: 2_000 });
  await fill(context, clinic, rows);
  const admin = clinic.staff;
  await context.knex('people').where({ id: admin.id }).update({ role: 'admin' });
  const http = openHttp(context.stack.apiUrl, 1);
  const [firstMs] = await inParallel(1, 1, () => aggregate(http, admin));
  const [ours, baseline] = await interleave(Math.ceil(READS * context.scale), [
    () => aggregate(http, admin),
    () => scan(context, clinic, rows),
  ]);
  http.close();
  return [
    compared({
      measure: `aggregate over ${rows.toLocaleString('en')} results, p50`,
      ours: median(ours!),
      baseline: median(baseline!),
      unit: 'ms',
      target: { atMost: 2 },
      details: { p99: [percentile(ours!, 0.99), percentile(baseline!, 0.99)] },
    }),
    compared({
      measure: `the same asked for the first time, which writes down all ${MONTHS} months at once`,
      ours: firstMs!,
      baseline: median(baseline!),
      unit: 'ms',
      target: null,
    }),
  ];
}

/** Results as they stand after two years, without the answers that they came from. */
async function fill({ pool }: BenchContext, clinic: BenchClinic, rows: number): Promise<void> {
  const connection = await pool.connect();
  try {
    // Responses that don't exist can't be referred to.
    await connection.query(`BEGIN; SET LOCAL session_replication_role = replica`);
    await connection.query(
      `INSERT INTO screening_results (id, response_id, clinic_id, person_id, questionnaire_id, type,
         total, maximum, percentage, severity, methods, categories, flags, is_flagged,
         is_flagged_by_total, review, completed_at)
       SELECT gen_random_uuid(), gen_random_uuid(), $1, ($2::uuid[])[1 + n % cardinality($2::uuid[])],
         q.id, 'PHQ-9', n % 28, 27, (n % 28) / 0.27,
         (ARRAY['minimal', 'mild', 'moderate', 'moderately severe', 'severe'])[1 + least(4, n % 28 / 5)],
         '{}', '{}', '[]', n % 28 >= 20, n % 28 >= 20, CASE WHEN n % 500 = 0 THEN 'awaited' ELSE 'none' END,
         date_trunc('month', now()) - (n % ($4::int * 28)) * interval '1 day' - interval '2 hours'
       FROM generate_series(1, $3::int) n, (SELECT id FROM questionnaires WHERE type = 'PHQ-9' LIMIT 1) q`,
      [clinic.id, clinic.clients.map(({ id }) => id), rows, MONTHS],
    );
    await connection.query('COMMIT');
    await connection.query('VACUUM ANALYZE screening_results');
  } finally {
    connection.release();
  }
}

async function aggregate(http: HttpClient, { token }: BenchPerson): Promise<void> {
  const path = '/api/results/admin/aggregate?questionnaireType=PHQ-9';
  const { status, text } = await http.send('GET', path, token);
  if (status !== 200) throw new Error(`The aggregate was answered ${status}: ${text}`);
}

const SCAN = `SELECT count(*) AS rows, sum(total) AS totals FROM screening_results
  WHERE clinic_id = $1 AND type = 'PHQ-9' AND completed_at < now()`;

async function scan({ pool }: BenchContext, clinic: BenchClinic, rows: number): Promise<void> {
  const query = { name: 'bench-screening', text: SCAN, values: [clinic.id] };
  const { rows: found } = await pool.query<{ rows: string }>(query);
  if (Number(found[0]?.rows) !== rows) throw new Error(`There are ${found[0]?.rows} results`);
}
