import ICAL from 'ical.js';
import { instantOfWall, isIanaZone } from '../../domain/local-time.ts';

type Component = InstanceType<typeof ICAL.Component>;
type Time = InstanceType<typeof ICAL.Time>;

const TIMES = ['dtstart', 'dtend', 'recurrence-id', 'exdate', 'rdate'];

/** A zone by the system's own table, for files that name an IANA zone without describing it. */
class IanaZone extends ICAL.Timezone {
  readonly #name: string;

  constructor(name: string) {
    super({ tzid: name, component: new ICAL.Component('vtimezone') });
    this.#name = name;
  }

  /** Seconds. `time` is a reading of the zone's clocks. */
  override utcOffset(time: Time): number {
    const { year, month, day, hour, minute, second } = time;
    const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
    return (wallMs - instantOfWall(this.#name, wallMs, 'compatible')!) / 1000;
  }
}

/**
 * Makes the zones known that a calendar names. One that it describes itself keeps that
 * description: the library looks there first.
 */
export function registerZones(calendar: Component): void {
  for (const event of calendar.getAllSubcomponents('vevent')) {
    for (const property of TIMES.flatMap((name) => event.getAllProperties(name))) {
      const name = property.getParameter('tzid');
      if (typeof name !== 'string' || ICAL.TimezoneService.has(name)) continue;
      if (isIanaZone(name)) ICAL.TimezoneService.register(new IanaZone(name), name);
    }
  }
}
