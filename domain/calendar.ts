import ical, { ICalCalendarMethod, ICalEventStatus } from 'ical-generator';

export interface CalendarEntry {
  readonly sessionId: string;
  /** Grows with every change of the session, so that calendars replace their older copy. */
  readonly sequence: number;
  readonly status: 'confirmed' | 'cancelled';
  readonly startsAt: number;
  readonly endsAt: number;
  /** A page that shows the session to those who may see it. */
  readonly link: string;
  /** When this copy is made. */
  readonly now: number;
}

/** The entry says that there is an appointment and nothing else: calendars are shared. */
const SUMMARY = 'Appointment';

/** The same id in every copy of a session's entry, whatever its time. */
export function calendarUid(sessionId: string): string {
  return `${sessionId}@holdfast`;
}

/** An iCalendar file (RFC 5545) with times in UTC: a request, or the cancellation of an earlier one. */
export function sessionIcs(entry: CalendarEntry): string {
  const isCancelled = entry.status === 'cancelled';
  const calendar = ical({
    prodId: { company: 'Holdfast', product: 'Sessions', language: 'EN' },
    method: isCancelled ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
  });
  calendar.createEvent({
    id: calendarUid(entry.sessionId),
    sequence: entry.sequence,
    stamp: new Date(entry.now),
    start: new Date(entry.startsAt),
    end: new Date(entry.endsAt),
    summary: SUMMARY,
    url: entry.link,
    status: isCancelled ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
  });
  return `${calendar.toString()}\r\n`;
}

/** A link that opens Google Calendar with the same bare entry filled in. */
export function googleCalendarUrl(
  entry: Pick<CalendarEntry, 'startsAt' | 'endsAt' | 'link'>,
): string {
  const url = new URL('https://calendar.google.com/calendar/render');
  url.searchParams.set('action', 'TEMPLATE');
  url.searchParams.set('text', SUMMARY);
  url.searchParams.set('dates', `${basicUtc(entry.startsAt)}/${basicUtc(entry.endsAt)}`);
  url.searchParams.set('details', entry.link);
  return url.href;
}

/** `20240125T140000Z` */
function basicUtc(instantMs: number): string {
  return new Date(instantMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
