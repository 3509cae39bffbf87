import type { Knex } from 'knex';
import { type VersionBands, bandsInMonth } from '../domain/screening/known-bands.ts';
import type { KnownBands } from '../domain/screening/known-bands.ts';
import { type MonthCounts, type ShownMonth, shownMonth } from '../domain/screening/shown-months.ts';

/** A transaction that began in a month has ended so long after it: then nothing is added to it. */
const CLOSED_AFTER_MINUTES = 60;

interface Question {
  readonly clinicId: string;
  readonly type: string;
}

interface RawBand {
  readonly people: number;
  readonly flagged: number;
}

interface RawMonth {
  readonly month: string;
  readonly totals_sum: string;
  readonly gave_up: number;
  readonly severities: Readonly<Record<string, RawBand>>;
}

/**
 * Writes down what is shown of each month that is over and not yet written. From then on a month
 * is read from its row: it never changes, so that no later figure tells about one person, and a
 * million results cost no more to ask for than a hundred. A month that was written by an earlier
 * rule stays, too: told anew beside what was told before, it would tell the difference.
 */
export async function closeMonths(
  knex: Knex,
  { clinicId, type }: Question,
  versions: readonly VersionBands[],
): Promise<void> {
  const months = await openMonths(knex, { clinicId, type });
  if (months.length === 0) return;
  const raw = new Map(
    (await countMonths(knex, { clinicId, type }, months)).map((m) => [m.month, m]),
  );
  const rows = months.map((each) => {
    const { month } = each;
    const counted = raw.get(month);
    const known = bandsInMonth(versions, each);
    const shown = counted === undefined ? null : shownMonth(countsOf(counted, known));
    return {
      clinic_id: clinicId,
      type,
      month,
      shown: shown === null ? null : JSON.stringify(shown),
    };
  });
  await knex('screening_months').insert(rows).onConflict(['clinic_id', 'type', 'month']).ignore();
}

interface OpenMonth {
  readonly month: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** Months that are over, from the first with anything in it, and have no row. */
async function openMonths(knex: Knex, question: Question): Promise<OpenMonth[]> {
  const { rows } = await knex.raw<{ rows: OpenMonth[] }>(
    `WITH clinic AS (SELECT time_zone AS zone FROM clinics WHERE id = :clinicId),
     last AS (SELECT max(month) AS closed FROM screening_months
       WHERE clinic_id = :clinicId AND type = :type),
     first AS (SELECT least(
       (SELECT min(completed_at) FROM screening_results
         WHERE clinic_id = :clinicId AND type = :type),
       (SELECT min(expires_at) FROM screening_responses
         WHERE clinic_id = :clinicId AND type = :type AND completed_at IS NULL)) AS at)
     SELECT to_char(month, 'YYYY-MM-DD') AS month, month AT TIME ZONE zone AS "startsAt",
       (month + interval '1 month') AT TIME ZONE zone AS "endsAt"
     FROM clinic, last, first, generate_series(
       coalesce(last.closed + interval '1 month', date_trunc('month', first.at AT TIME ZONE zone)),
       date_trunc('month', (now() - make_interval(mins => ${CLOSED_AFTER_MINUTES})) AT TIME ZONE zone)
         - interval '1 month',
       interval '1 month') AS month
     ORDER BY month`,
    { ...question },
  );
  return rows;
}

/** Each person once a month, with their last result in it, from the index alone. */
async function countMonths(
  knex: Knex,
  { clinicId, type }: Question,
  months: readonly OpenMonth[],
): Promise<RawMonth[]> {
  const { rows } = await knex.raw<{ rows: RawMonth[] }>(
    `WITH months AS (
       SELECT * FROM json_to_recordset(:months::json)
         AS m (month text, "startsAt" timestamptz, "endsAt" timestamptz)),
     latest AS (
       SELECT DISTINCT ON (month, person_id) month, person_id, total, severity, is_flagged
       FROM months JOIN screening_results ON clinic_id = :clinicId AND type = :type
         AND completed_at >= "startsAt" AND completed_at < "endsAt"
       ORDER BY month, person_id, completed_at DESC),
     counted AS (
       SELECT month, severity, count(*)::int AS people, sum(total) AS totals,
         count(*) FILTER (WHERE is_flagged)::int AS flagged
       FROM latest GROUP BY month, severity),
     left_open AS (
       SELECT month, count(DISTINCT person_id)::int AS people
       FROM months JOIN screening_responses r ON clinic_id = :clinicId AND type = :type
         AND r.completed_at IS NULL AND expires_at >= "startsAt" AND expires_at < "endsAt"
       WHERE NOT EXISTS (SELECT FROM latest
         WHERE latest.month = months.month AND latest.person_id = r.person_id)
       GROUP BY month)
     SELECT month, sum(totals) AS totals_sum, coalesce(min(left_open.people), 0) AS gave_up,
       json_object_agg(severity, json_build_object('people', counted.people, 'flagged', flagged))
         AS severities
     FROM counted LEFT JOIN left_open USING (month) GROUP BY month`,
    { clinicId, type, months: JSON.stringify(months) },
  );
  return rows;
}

/** Of a version that was answered after its time nothing is known: its bands come last. */
const UNKNOWN = { min: 0, max: -1 };

const NOBODY: RawBand = { people: 0, flagged: 0 };

function countsOf(raw: RawMonth, { bands, maximum }: KnownBands): MonthCounts {
  const counted = new Map(Object.entries(raw.severities));
  const labels = new Set(bands.map(({ label }) => label));
  const others = [...counted.keys()].filter((label) => !labels.has(label)).toSorted();
  const all = [...bands, ...others.map((label) => ({ label, ...UNKNOWN }))];
  return {
    bands: all.map((band) => ({ ...band, ...(counted.get(band.label) ?? NOBODY) })),
    totalsSum: Number(raw.totals_sum),
    maximum,
    gaveUp: raw.gave_up,
  };
}

export interface ClosedMonth {
  /** Its first day. */
  readonly month: string;
  /** Null where too few people answered. */
  readonly shown: ShownMonth | null;
  /** People with a flagged result of this month that nobody has looked at yet. */
  readonly awaitingReview: number;
}

/** Closed months from one to another, without the latter. Null for no limit. */
export async function closedMonths(
  knex: Knex,
  question: Question & { readonly from: string | null; readonly before: string | null },
): Promise<ClosedMonth[]> {
  const { rows } = await knex.raw<{ rows: ClosedMonth[] }>(
    `WITH clinic AS (SELECT time_zone AS zone FROM clinics WHERE id = :clinicId),
     awaited AS (
       SELECT date_trunc('month', completed_at AT TIME ZONE zone)::date AS month,
         count(DISTINCT person_id)::int AS people
       FROM screening_results, clinic
       WHERE clinic_id = :clinicId AND type = :type AND review = 'awaited' GROUP BY 1)
     SELECT to_char(month, 'YYYY-MM-DD') AS month, shown,
       coalesce(awaited.people, 0) AS "awaitingReview"
     FROM screening_months LEFT JOIN awaited USING (month)
     WHERE clinic_id = :clinicId AND type = :type
       AND (:from::date IS NULL OR month >= :from) AND (:before::date IS NULL OR month < :before)
     ORDER BY month`,
    { ...question },
  );
  return rows;
}
