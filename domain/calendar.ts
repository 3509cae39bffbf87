import ical, {
  ICalAttendeeStatus,
  ICalCalendarMethod,
  ICalEventClass,
  ICalEventStatus,
  ICalEventTransparency,
} from 'ical-generator';
import type { ICalCalendar } from 'ical-generator';
import { isUuid } from './ids.ts';
import { isEnded } from './session.ts';
import type { SessionStatus } from './session.ts';

export interface CalendarEntry {
  readonly sessionId: string;
  /** Grows with every change of the session, so that calendars replace their older copy. */
  readonly sequence: number;
  readonly status: 'confirmed' | 'tentative' | 'cancelled';
  readonly startsAt: number;
  readonly endsAt: number;
  /** A page that shows the session to those who may see it. */
  readonly link: string;
  /** When this copy is made, or when what it says was last changed. */
  readonly now: number;
}

const AGREED: ReadonlySet<SessionStatus> = new Set([
  'confirmed',
  'in_progress',
  'completed',
  'no_show',
]);

/** How a session stands in calendars: agreed, still asked for, or called off. */
export function calendarStatusOf(status: SessionStatus): CalendarEntry['status'] {
  if (AGREED.has(status)) return 'confirmed';
  return isEnded(status) ? 'cancelled' : 'tentative';
}

/** How a file reaches a calendar: somebody fetches it, or it is sent to one person by e-mail. */
export type CalendarDelivery =
  { readonly by: 'download' } | { readonly by: 'mail'; readonly to: string };

/** The entry says that there is an appointment and nothing else: calendars are shared. */
const SUMMARY = 'Appointment';
const PRODUCT = { company: 'Holdfast', product: 'Sessions', language: 'EN' };
const UID_DOMAIN = '@holdfast';
/** How often subscribers are asked to come back. */
const REFRESH_SECONDS = 15 * 60;

/** The same id in every copy of a session's entry, whatever its time. */
export function calendarUid(sessionId: string): string {
  return `${sessionId}${UID_DOMAIN}`;
}

/** Whether a calendar entry is a copy of one of our own sessions. */
export function isOwnUid(uid: string): boolean {
  return uid.endsWith(UID_DOMAIN) && isUuid(uid.slice(0, -UID_DOMAIN.length));
}

/**
 * An iCalendar file (RFC 5545, RFC 5546) with times in UTC: the entry, or the cancellation of an
 * earlier one. `organizer` is the e-mail address that the product writes from. A mailed file
 * names the one person it is for, and asks for no reply.
 */
export function sessionIcs(
  entry: CalendarEntry,
  organizer: string,
  delivery: CalendarDelivery,
): string {
  const calendar = ical({ prodId: PRODUCT, method: methodOf(entry, delivery) });
  const event = addEntry(calendar, entry, organizer);
  if (delivery.by === 'mail') {
    event.createAttendee({
      email: delivery.to,
      rsvp: false,
      status: ICalAttendeeStatus.ACCEPTED,
    });
  }
  return `${calendar.toString()}\r\n`;
}

function methodOf({ status }: CalendarEntry, { by }: CalendarDelivery): ICalCalendarMethod {
  if (status === 'cancelled') return ICalCalendarMethod.CANCEL;
  return by === 'mail' ? ICalCalendarMethod.REQUEST : ICalCalendarMethod.PUBLISH;
}

/** The calendar that a person's programs subscribe to: all of these entries and nothing else. */
export function feedIcs(entries: readonly CalendarEntry[], organizer: string): string {
  const calendar = ical({
    prodId: PRODUCT,
    method: ICalCalendarMethod.PUBLISH,
    name: 'Appointments',
    ttl: REFRESH_SECONDS,
  });
  for (const entry of entries) addEntry(calendar, entry, organizer);
  return `${calendar.toString()}\r\n`;
}

const STATUSES: Readonly<Record<CalendarEntry['status'], ICalEventStatus>> = {
  confirmed: ICalEventStatus.CONFIRMED,
  tentative: ICalEventStatus.TENTATIVE,
  cancelled: ICalEventStatus.CANCELLED,
};

function addEntry(
  calendar: ICalCalendar,
  entry: CalendarEntry,
  organizer: string,
): ReturnType<ICalCalendar['createEvent']> {
  return calendar.createEvent({
    id: calendarUid(entry.sessionId),
    sequence: entry.sequence,
    stamp: new Date(entry.now),
    start: new Date(entry.startsAt),
    end: new Date(entry.endsAt),
    summary: SUMMARY,
    organizer: { name: 'Appointments', email: organizer },
    url: entry.link,
    class: ICalEventClass.PRIVATE,
    status: STATUSES[entry.status],
    transparency:
      entry.status === 'cancelled'
        ? ICalEventTransparency.TRANSPARENT
        : ICalEventTransparency.OPAQUE,
  });
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
