import { bookingRules, busyOf, findCalendar, gridFor } from '../db/availability.ts';
import { claimWindow, findSlots } from '../domain/slots.ts';
import { MONTH, fillMonth } from './calendars.ts';
import type { BenchClinic } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { interleave, median, percentile } from './measure.ts';
import { type Finding, bounded, compared } from './report.ts';

const READS = 2_000;
const BOOKINGS = 200;
const DURATION_MS = 50 * 60_000;
const BUFFERS = { beforeMs: 0, afterMs: 10 * 60_000 };
/** Each four times the one before: four times the growth is linear, sixteen times is not. */
const GROWING = [400, 1_600, 6_400] as const;
const LINEAR_AT_MOST = 6;

/** 30 days of one therapist's slots against the indexed read of the therapist's claims. */
export async function measureSlots(context: BenchContext): Promise<Finding[]> {
  const clinic = await context.openClinic({ therapists: 1 + GROWING.length, clients: 1 });
  const [ordinary, ...growing] = clinic.therapists;
  await fillMonth(context, clinic, [ordinary!], BOOKINGS);
  for (const [at, bookings] of GROWING.entries()) {
    await fillMonth(context, clinic, [growing[at]!], bookings);
  }
  const [ours, baseline, ...grown] = await interleave(Math.ceil(READS * context.scale), [
    () => slotsOf(context, clinic, ordinary!.id),
    () => claimsOf(context, ordinary!.id),
    ...growing.map(
      ({ id }) =>
        () =>
          slotsOf(context, clinic, id),
    ),
  ]);
  return [
    compared({
      measure: `30 days of slots, ${BOOKINGS} bookings`,
      ours: median(ours!),
      baseline: median(baseline!),
      unit: 'ms',
      target: { atMost: 2 },
      details: { ratioOfP95: percentile(ours!, 0.95) / percentile(baseline!, 0.95) },
    }),
    growth(grown.map(median)),
  ];
}

const WINDOW = claimWindow({ window: MONTH, durationMs: DURATION_MS, buffers: BUFFERS });

async function slotsOf(
  { knex }: BenchContext,
  clinic: BenchClinic,
  therapistId: string,
): Promise<number> {
  const question = {
    clinicId: clinic.id,
    therapistId,
    door: 'therapy',
    sessionType: null,
  } as const;
  const calendar = await findCalendar(knex, { ...question, window: WINDOW });
  if (calendar === null) throw new Error('The therapist is gone');
  const rules = bookingRules(calendar, Date.now());
  const grid = gridFor(DURATION_MS);
  return findSlots({ ...rules, window: MONTH, durationMs: DURATION_MS, grid }).length;
}

const CLAIMS = busyOf('$1').replaceAll(':fromAt', '$2').replaceAll(':toAt', '$3');

/** The claims alone, by the driver alone. */
async function claimsOf({ pool }: BenchContext, therapistId: string): Promise<unknown> {
  const values = [therapistId, new Date(WINDOW.startMs), new Date(WINDOW.endMs)];
  const { rows } = await pool.query({ name: 'bench-claims', text: CLAIMS, values });
  return rows[0];
}

/** How the whole grows with the bookings, beyond what it takes for few. */
function growth(timesMs: readonly number[]): Finding {
  const [few = NaN, more = NaN, most = NaN] = timesMs;
  const ratio = (most - more) / (more - few);
  return bounded(
    `slots, growth from ${GROWING.join(' to ')} bookings`,
    `${timesMs.map((ms) => ms.toFixed(1)).join(', ')} ms: ${ratio.toFixed(1)}x`,
    `linear is 4x, <= ${LINEAR_AT_MOST}x`,
    ratio <= LINEAR_AT_MOST,
  );
}
