import ICAL from 'ical.js';
import { isOwnUid } from '../../domain/calendar.ts';
import { type Interval, isEmpty, normalise } from '../../domain/intervals.ts';
import { instantOfWall, startOfDay } from '../../domain/local-time.ts';
import { registerZones } from './zones.ts';

export interface BusyQuestion {
  /** A file of the format iCalendar (RFC 5545). */
  readonly text: string;
  /** The IANA zone of times that name none, and of whole days. */
  readonly zone: string;
  /** What lies outside is left out. */
  readonly window: Interval;
}

export type BusyAnswer =
  | {
      readonly kind: 'busy';
      /** Ordered; they neither overlap nor touch. */
      readonly busy: readonly Interval[];
      /** Entries that could not be understood. */
      readonly skippedEvents: number;
    }
  | { readonly kind: 'not_a_calendar' }
  | { readonly kind: 'too_complex' };

/** Occurrences that a file may expand to, those before the window included. */
const MAX_OCCURRENCES = 200_000;
/** Stretches that are kept of one calendar. */
const MAX_STRETCHES = 10_000;

/**
 * When somebody is busy by a calendar: its opaque entries that are not cancelled, with their
 * recurrences, and its free/busy parts. Copies of our own sessions are left out: those have
 * claims. It may take long over a hostile file, so that it wants a thread of its own.
 */
export function busyTimesOf(question: BusyQuestion): BusyAnswer {
  const calendars = parse(question.text);
  if (calendars.length === 0) return { kind: 'not_a_calendar' };
  const reader = new BusyReader(question);
  try {
    for (const calendar of calendars) reader.read(calendar);
  } catch (error) {
    if (error instanceof TooComplex) return { kind: 'too_complex' };
    throw error;
  }
  const busy = normalise(reader.found);
  if (busy.length > MAX_STRETCHES) return { kind: 'too_complex' };
  return { kind: 'busy', busy, skippedEvents: reader.skipped };
}

class TooComplex extends Error {}

type Component = InstanceType<typeof ICAL.Component>;
type Time = InstanceType<typeof ICAL.Time>;

function parse(text: string): Component[] {
  try {
    const parsed = ICAL.parse(text.replace(/^\uFEFF/, '')) as unknown[];
    const roots = (Array.isArray(parsed[0]) ? parsed : [parsed]) as unknown[][];
    return roots.filter(([name]) => name === 'vcalendar').map((root) => new ICAL.Component(root));
  } catch {
    return [];
  }
}

class BusyReader {
  readonly found: Interval[] = [];
  skipped = 0;
  readonly #zone: string;
  readonly #window: Interval;
  #occurrences = 0;

  constructor({ zone, window }: BusyQuestion) {
    this.#zone = zone;
    this.#window = window;
  }

  read(calendar: Component): void {
    registerZones(calendar);
    const events = calendar.getAllSubcomponents('vevent').filter((event) => !isOwn(event));
    const changes = Map.groupBy(events.filter(isChange), uidOf);
    for (const event of events) {
      this.#orSkip(() => {
        if (isChange(event)) this.#addEvent(event);
        else this.#addSeries(event, changes.get(uidOf(event)) ?? []);
      });
    }
    for (const part of calendar.getAllSubcomponents('vfreebusy')) {
      this.#orSkip(() => this.#addFreeBusy(part));
    }
  }

  /** One entry that makes no sense is no reason to forget the others. */
  #orSkip(add: () => void): void {
    try {
      add();
    } catch (error) {
      if (error instanceof TooComplex) throw error;
      this.skipped += 1;
    }
  }

  #addEvent(component: Component): void {
    if (!isBusy(component)) return;
    const event = new ICAL.Event(component, { exceptions: [] });
    this.#add(event.startDate, event.endDate);
  }

  /** An entry with its recurrences, without those that are excluded or told elsewhere. */
  #addSeries(component: Component, changes: readonly Component[]): void {
    const event = new ICAL.Event(component, { strictExceptions: true, exceptions: [...changes] });
    if (!event.isRecurring()) return this.#addEvent(component);
    const isLeftOut = this.#leftOut(component, changes);
    const occurrences = event.iterator();
    for (let at = occurrences.next(); at !== null && at !== undefined; at = occurrences.next()) {
      this.#occurrences += 1;
      if (this.#occurrences > MAX_OCCURRENCES) throw new TooComplex();
      if (this.#instantOf(at) >= this.#window.endMs) return;
      if (isLeftOut(at)) continue;
      const { item, startDate, endDate } = event.getOccurrenceDetails(at);
      if (isBusy(item.component)) this.#add(startDate, endDate);
    }
  }

  #leftOut(component: Component, changes: readonly Component[]): (at: Time) => boolean {
    const times = [
      ...component.getAllProperties('exdate').flatMap((property) => property.getValues()),
      ...changes.map((change) => change.getFirstPropertyValue('recurrence-id')),
    ].filter((time) => time instanceof ICAL.Time);
    const instants = new Set(times.map((time) => this.#instantOf(time)));
    const days = new Set(times.filter(({ isDate }) => isDate).map((time) => dayOf(time)));
    return (at) => instants.has(this.#instantOf(at)) || days.has(dayOf(at));
  }

  #addFreeBusy(component: Component): void {
    for (const property of component.getAllProperties('freebusy')) {
      if (String(property.getParameter('fbtype') ?? '').toUpperCase() === 'FREE') continue;
      for (const period of property.getValues()) {
        if (!(period instanceof ICAL.Period)) throw new TypeError('A period is expected');
        this.#add(period.start, period.getEnd());
      }
    }
  }

  #add(start: Time | null, end: Time | null): void {
    const startMs = this.#instantOf(start);
    const endMs = this.#instantOf(end);
    const clipped = {
      startMs: Math.max(startMs, this.#window.startMs),
      endMs: Math.min(endMs, this.#window.endMs),
    };
    if (!isEmpty(clipped)) this.found.push(clipped);
  }

  /** Throws for what is no time. */
  #instantOf(time: Time | null): number {
    if (time === null) throw new TypeError('A time is missing');
    const instantMs = this.#resolve(time);
    if (!Number.isFinite(instantMs)) throw new RangeError('A time is not one');
    return instantMs;
  }

  #resolve(time: Time): number {
    const wallMs = Date.UTC(
      time.year,
      time.month - 1,
      time.day,
      time.hour,
      time.minute,
      time.second,
    );
    if (!Number.isFinite(wallMs)) return wallMs;
    if (time.isDate) return startOfDay(this.#zone, wallMs);
    const isFloating = time.zone === null || time.zone === ICAL.Timezone.localTimezone;
    return isFloating ? instantOfWall(this.#zone, wallMs, 'compatible')! : time.toUnixTime() * 1000;
  }
}

/** The date that a time shows by its own clock. */
function dayOf({ year, month, day }: Time): string {
  return `${year}-${month}-${day}`;
}

function uidOf(event: Component): string {
  return String(event.getFirstPropertyValue('uid') ?? '');
}

function isOwn(event: Component): boolean {
  return isOwnUid(uidOf(event));
}

/** Whether an entry tells of one occurrence of another entry. */
function isChange(event: Component): boolean {
  return event.hasProperty('recurrence-id');
}

function isBusy(event: Component): boolean {
  return codeOf(event, 'status') !== 'CANCELLED' && codeOf(event, 'transp') !== 'TRANSPARENT';
}

function codeOf(event: Component, property: string): string {
  return String(event.getFirstPropertyValue(property) ?? '').toUpperCase();
}
