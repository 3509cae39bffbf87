import { HoldfastError } from '../errors.ts';
import { readDate, writeDate } from '../time-text.ts';

/** A month's first day, `YYYY-MM-01`. */
export type Month = string;

const MONTH = /^\d{4}-\d{2}$/;

/** The month that begins at or after a date, given as a month, a date or an instant. */
export function firstWholeMonth(field: string, text: string): Month {
  return monthOf(field, text, 'up');
}

/** The month up to which, without it, all months end at or before a given end. */
export function endOfWholeMonths(field: string, text: string): Month {
  return monthOf(field, text, 'down');
}

function monthOf(field: string, text: string, round: 'up' | 'down'): Month {
  const isMonth = MONTH.test(text);
  const wallMs = readDate(isMonth ? `${text}-01` : text.slice(0, 10));
  const isRead = isMonth || text.length === 10 || !Number.isNaN(Date.parse(text));
  if (wallMs === null || !isRead) {
    throw new HoldfastError('malformed_request', `${field} must be a month or a date`, {
      fields: [{ field, message: 'must be a month or a date, such as 2026-01 or 2026-01-01' }],
    });
  }
  const date = new Date(wallMs);
  const isInside = date.getUTCDate() > 1 || /T(?!00:00)/.test(text);
  // A month named as an end is wanted whole; a day within a month cuts that month off.
  const step = isMonth ? (round === 'down' ? 1 : 0) : isInside && round === 'up' ? 1 : 0;
  return writeDate(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + step, 1));
}
