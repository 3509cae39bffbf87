import type { SeriesRow } from '../../db/models/series.ts';
import type { OccurrenceView } from '../../db/series.ts';
import { writeTimeOfDay } from '../../domain/time-text.ts';
import { isMovedByItself } from './standing.ts';

/** A series as `/api/v1` shows it, with its occurrences in the order of their times. */
export function presentSeries(
  series: SeriesRow,
  occurrences: readonly OccurrenceView[],
): Record<string, unknown> {
  return {
    id: series.id,
    previousSeriesId: series.previous_id,
    therapistId: series.therapist_id,
    clientId: series.client_id,
    sessionType: series.session_type,
    format: series.format,
    timeZone: series.time_zone,
    startDate: series.starts_on,
    startTime: writeTimeOfDay(series.start_minute),
    durationMinutes: series.duration_minutes,
    rule: series.rule,
    dates: series.dates,
    excludedDates: series.excluded_dates,
    status: series.status,
    answerDueAt: series.answer_due_at?.toISOString() ?? null,
    version: series.version,
    createdAt: series.created_at.toISOString(),
    occurrences: occurrences
      .filter(({ series_id }) => series_id === series.id)
      .map(presentOccurrence),
  };
}

function presentOccurrence(occurrence: OccurrenceView): Record<string, unknown> {
  return {
    sessionId: occurrence.id,
    date: occurrence.occurs_on,
    startsAt: occurrence.starts_at.toISOString(),
    endsAt: occurrence.ends_at.toISOString(),
    status: occurrence.status,
    payment: occurrence.payment,
    paymentDueAt: occurrence.payment_due_at?.toISOString() ?? null,
    isMoved: isMovedByItself(occurrence),
    proposedStartsAt: occurrence.proposed_starts_at?.toISOString() ?? null,
    isChanging: occurrence.wanted !== null,
  };
}
