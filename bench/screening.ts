import type { BenchClinic, BenchPerson } from './clinic.ts';
import { measureCompleting } from './completing.ts';
import type { BenchContext } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { inParallel, interleave, median, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';

const RESULTS = 1_000_000;
const MONTHS = 24;
/** With the warm-up within what the door lets an admin ask in a quarter of an hour. */
const READS = 150;

/** Questionnaires scored one after another, and what a million of them come to. */
export async function measureScreening(context: BenchContext): Promise<Finding[]> {
  return [...(await measureCompleting(context)), ...(await measureAggregate(context))];
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
