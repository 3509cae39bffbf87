import { MONTH, fillMonth } from './calendars.ts';
import type { BenchClinic } from './clinic.ts';
import { type BenchContext, cpuMeters } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { inParallel, interleave, median } from './measure.ts';
import { type Finding, bounded, compared } from './report.ts';

const THERAPISTS = 100;
const CLIENTS = 400;
const SESSIONS_EACH = 200;
const DAYS = 28;
const SESSIONS = THERAPISTS * SESSIONS_EACH;
const READS = 20;
const PAGE = 5_000;
/** Resident memory wavers with the collector; a whole calendar in memory would show beyond that. */
const FLAT_WITHIN = 1.2;

/** A clinic's whole calendar, page by page through the whole stack, against a bare SELECT of its rows. */
export async function measureCalendar(context: BenchContext): Promise<Finding[]> {
  const clinic = await context.openClinic({ therapists: THERAPISTS, clients: CLIENTS });
  await fillMonth(context, clinic, clinic.therapists, SESSIONS_EACH, DAYS);
  const http = openHttp(context.stack.apiUrl, 1);
  const count = Math.max(5, Math.ceil(READS * context.scale));
  const peak = { first: 0, whole: 0 };
  const pages = SESSIONS / PAGE;
  // The first page each time, and often enough for the collector to have found its pace.
  await inParallel(2 * count * pages, 1, () => readPage(context, clinic, http, 0, peak, 'first'));
  const cpu = cpuMeters(context);
  const [ours, baseline] = await interleave(count, [
    () => cpu.ours.around(1, () => readWhole(context, clinic, http, peak)),
    () => cpu.baseline.around(1, () => selectRows(context, clinic)),
  ]);
  http.close();
  return [
    compared({
      measure: `calendar of ${SESSIONS.toLocaleString('en')} sessions, rows`,
      ours: SESSIONS / (median(ours!) / 1_000),
      baseline: SESSIONS / (median(baseline!) / 1_000),
      unit: '/s',
      target: { atLeast: 0.5 },
      cpu,
      details: { msForAll: { ours, baseline } },
    }),
    flatness(peak),
  ];
}

interface Peak {
  first: number;
  whole: number;
}

function flatness({ first, whole }: Peak): Finding {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
  return bounded(
    'calendar, memory of the API: first page, all pages',
    `${megabytes(first)}, ${megabytes(whole)}`,
    `<= ${FLAT_WITHIN}x`,
    whole <= first * FLAT_WITHIN,
  );
}

async function readWhole(
  context: BenchContext,
  clinic: BenchClinic,
  http: HttpClient,
  peak: Peak,
): Promise<void> {
  let rows = 0;
  for (let offset: number | null = 0; offset !== null;) {
    const page: Page = await readPage(context, clinic, http, offset, peak, 'whole');
    rows += page.count;
    offset = page.next_offset;
  }
  if (rows !== SESSIONS) throw new Error(`The calendar showed ${rows} sessions`);
}

interface Page {
  readonly count: number;
  readonly next_offset: number | null;
}

const [FROM, TO] = [MONTH.startMs, MONTH.endMs - 1].map((at) =>
  new Date(at).toISOString().slice(0, 10),
);

async function readPage(
  { stack }: BenchContext,
  { staff }: BenchClinic,
  http: HttpClient,
  offset: number,
  peak: Peak,
  which: keyof Peak,
): Promise<Page> {
  const range = `start_date=${FROM}&end_date=${TO}&time_zone=UTC`;
  const path = `/get-schedule-data-batch?${range}&batch_size=${PAGE}&offset=${offset}`;
  const { status, text } = await http.send('GET', path, staff.token);
  if (status !== 200) throw new Error(`A calendar was answered ${status}: ${text}`);
  peak[which] = Math.max(peak[which], stack.apiMemory());
  // What a reader does with the sessions is the reader's time.
  const pagination = /"pagination":(\{[^}]*\})/.exec(text.slice(-2_000));
  return JSON.parse(pagination?.[1] ?? '') as Page;
}

const ROWS = `SELECT id, therapist_id, client_id, starts_at, ends_at, time_zone, status, session_type,
    format, location_id, service_id, payment, created_at, updated_at
  FROM sessions WHERE clinic_id = $1 AND starts_at >= $2 AND starts_at < $3
    AND missed_deadline IS DISTINCT FROM 'hold'
  ORDER BY starts_at, id`;

async function selectRows({ pool }: BenchContext, clinic: BenchClinic): Promise<void> {
  const values = [clinic.id, new Date(MONTH.startMs), new Date(MONTH.endMs)];
  const { rows } = await pool.query({ name: 'bench-calendar', text: ROWS, values });
  if (rows.length !== SESSIONS) throw new Error(`There are ${rows.length} sessions`);
}
