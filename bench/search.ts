import { searchTherapists } from '../db/search.ts';
import { MONTH, fillMonth } from './calendars.ts';
import type { BenchClinic } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { interleave, median, percentile } from './measure.ts';
import { type Finding, bounded, compared } from './report.ts';

const THERAPISTS = 1_000;
const BOOKINGS_EACH = 60;
const REQUESTS = 400;

/** A page of therapists with their free times, through the whole stack, against one therapist's slots. */
export async function measureSearch(context: BenchContext): Promise<Finding[]> {
  const clinic = await context.openClinic({ therapists: THERAPISTS, clients: 2 });
  const [one, ...others] = clinic.therapists;
  await fillMonth(context, clinic, others, BOOKINGS_EACH);
  await fillMonth(context, clinic, [one!], 200);
  const http = openHttp(context.stack.apiUrl, 1);
  const [from, to] = [MONTH.startMs, MONTH.endMs - 1].map((at) =>
    new Date(at).toISOString().slice(0, 10),
  );
  const search = `/api/therapy/therapists/search?specialization=anxiety&date_range=${from},${to}`;
  const slots = `/api/therapy/therapists/${one!.id}/availability?start_date=${from}&end_date=${to}`;
  const [ours, baseline] = await interleave(Math.ceil(REQUESTS * context.scale), [
    () => ask(clinic, http, search),
    () => ask(clinic, http, slots),
  ]);
  http.close();
  return [
    compared({
      measure: `search page over ${THERAPISTS.toLocaleString('en')} therapists, p95`,
      ours: percentile(ours!, 0.95),
      baseline: percentile(baseline!, 0.95),
      unit: 'ms',
      target: { atMost: 3 },
      details: { ratioOfMedians: median(ours!) / median(baseline!) },
    }),
    await queries(context, clinic),
  ];
}

async function ask({ clients }: BenchClinic, http: HttpClient, path: string): Promise<void> {
  const { status, text } = await http.send('GET', path, clients[0]!.token);
  if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
}

/** What one page asks the database, whatever its size. */
async function queries({ knex }: BenchContext, clinic: BenchClinic): Promise<Finding> {
  let asked = 0;
  const count = (): void => {
    asked += 1;
  };
  knex.on('query', count);
  const page = await searchTherapists(knex, {
    clinicId: clinic.id,
    clientId: clinic.clients[0]!.id,
    specialization: null,
    sessionType: null,
    sessionFormat: null,
    insurance: null,
    language: null,
    durationMinutes: null,
    maxRateCents: null,
    minRating: null,
    window: MONTH,
    page: 1,
    perPage: 50,
  });
  knex.removeListener('query', count);
  const isWhole = page.calendars.length === 50 && page.total === THERAPISTS;
  return bounded('search page, queries', `${asked} for 50 therapists`, '1', asked === 1 && isWhole);
}
