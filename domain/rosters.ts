import { normalise, overlaps, subtract } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { MINUTE_MS, firstInstantOf, wallMsAt } from './local-time.ts';

/** People who take turns, each for one shift, in the order that they are named. */
export interface Rotation {
  readonly people: readonly string[];
  /** Length of a shift as the clock on the wall counts it: 1440 is a day, also one of 23 hours. */
  readonly shiftMinutes: number;
  /** When the first shift begins, minutes since local midnight; later ones follow by the clock. */
  readonly handOverMinute: number;
  /** IANA. */
  readonly zone: string;
  /** `YYYY-MM-DD`, local: the first shift begins on this day. */
  readonly startsOn: string;
  /** The rotation ends at its hand-over time on this day; null while it goes on. */
  readonly endsOn: string | null;
}

/** Somebody stands in, between two instants. */
export interface Override extends Interval {
  readonly id: string;
  readonly personId: string;
  /** Only where this person would be on; null for whoever it is, and where nobody is. */
  readonly insteadOf: string | null;
}

/** All rotations are on at once; of overrides that meet, the later in the list has the last word. */
export interface Roster {
  readonly rotations: readonly Rotation[];
  readonly overrides: readonly Override[];
}

/** One person on call, half-open, in epoch milliseconds. */
export interface Shift extends Interval {
  /** Index of the rotation; null where an override fills a gap. */
  readonly rotation: number | null;
  readonly personId: string;
  /** The override by which they are on, and whose turn it was; null where it was nobody's. */
  readonly override: { readonly id: string; readonly insteadOf: string | null } | null;
}

/**
 * Who is on when, by rotation and time: all shifts that share an instant with the stretch, each
 * whole. Within its days a rotation has no gaps and no overlaps, whatever clocks do: a hand-over
 * that they skip is when they jump, one that they show twice is the first. Throws `invalid_time`
 * for a zone that is none.
 */
export function shiftsBetween(roster: Roster, fromMs: number, toMs: number): Shift[] {
  const window = { startMs: fromMs, endMs: toMs };
  const turns = turnsIn(roster, window).flatMap((turn) => withOverrides(turn, roster.overrides));
  return [...turns, ...inGaps(roster, window)].filter((shift) => overlaps(shift, window));
}

function turnsIn({ rotations }: Roster, window: Interval): Shift[] {
  return rotations.flatMap((rotation, index) => turnsOf(rotation, index, window));
}

/** Whoever stands in for anybody is on as well where no rotation has anybody. */
function inGaps(roster: Roster, window: Interval): Shift[] {
  const { overrides } = roster;
  const shown = overrides.filter((one) => one.insteadOf === null && overlaps(one, window));
  if (shown.length === 0) return [];
  // Each is looked at whole, so that every stretch that shows it shows the same.
  const startMs = Math.min(...shown.map((override) => override.startMs));
  const endMs = Math.max(...shown.map((override) => override.endMs));
  const turns = normalise(turnsIn(roster, { startMs, endMs }));
  let filled: Shift[] = [];
  for (const override of overrides) {
    filled = filled.flatMap((shift) => standIn(shift, override, null));
    if (override.insteadOf !== null || !overlaps(override, { startMs, endMs })) continue;
    const { id, personId } = override;
    const open = subtract([override], normalise([...turns, ...filled]));
    filled.push(
      ...open.map((gap): Shift => {
        return { ...gap, rotation: null, personId, override: { id, insteadOf: null } };
      }),
    );
  }
  return filled.toSorted((one, other) => one.startMs - other.startMs);
}

/** The parts of a stretch in which nobody is on. */
export function gapsBetween(roster: Roster, fromMs: number, toMs: number): Interval[] {
  const covered = normalise(shiftsBetween(roster, fromMs, toMs));
  return fromMs < toMs ? subtract([{ startMs: fromMs, endMs: toMs }], covered) : [];
}

function turnsOf(rotation: Rotation, index: number, window: Interval): Shift[] {
  const { people, zone, endsOn } = rotation;
  if (people.length === 0) return [];
  const endMs = endsOn === null ? Infinity : firstInstantOf(zone, handOverOn(rotation, endsOn));
  const turns: Shift[] = [];
  for (let turn = turnAt(rotation, window.startMs); ; turn += 1) {
    const startMs = startOfTurn(rotation, turn);
    if (startMs >= Math.min(window.endMs, endMs)) return turns;
    const shiftEndMs = Math.min(startOfTurn(rotation, turn + 1), endMs);
    const personId = people[turn % people.length]!;
    // Where clocks skip a whole shift, nothing is left of it.
    if (shiftEndMs <= startMs) continue;
    turns.push({ rotation: index, personId, startMs, endMs: shiftEndMs, override: null });
  }
}

/** The turn that an instant lies in, counted from 0; the first where the rotation is yet to begin. */
function turnAt(rotation: Rotation, instantMs: number): number {
  const elapsedMs = wallMsAt(rotation.zone, instantMs) - handOverOn(rotation, rotation.startsOn);
  let turn = Math.max(0, Math.floor(elapsedMs / (rotation.shiftMinutes * MINUTE_MS)));
  // A clock that was set back or that jumped reads a little off the number of turns gone by.
  while (startOfTurn(rotation, turn + 1) <= instantMs) turn += 1;
  while (turn > 0 && startOfTurn(rotation, turn) > instantMs) turn -= 1;
  return turn;
}

function startOfTurn(rotation: Rotation, turn: number): number {
  const wallMs = handOverOn(rotation, rotation.startsOn) + turn * rotation.shiftMinutes * MINUTE_MS;
  return firstInstantOf(rotation.zone, wallMs);
}

function handOverOn({ handOverMinute }: Rotation, date: string): number {
  return Date.parse(`${date}T00:00:00Z`) + handOverMinute * MINUTE_MS;
}

/** A turn cut up by overrides, each seeing what those before it have made of the turn. */
function withOverrides(turn: Shift, overrides: readonly Override[]): Shift[] {
  return overrides.reduce<Shift[]>(
    (shifts, override) => shifts.flatMap((shift) => standIn(shift, override, turn.personId)),
    [turn],
  );
}

function standIn(shift: Shift, override: Override, turnOf: string | null): Shift[] {
  const applies = override.insteadOf === null || override.insteadOf === shift.personId;
  if (!applies || !overlaps(shift, override)) return [shift];
  const startMs = Math.max(shift.startMs, override.startMs);
  const endMs = Math.min(shift.endMs, override.endMs);
  const { id, personId } = override;
  const parts: Shift[] = [
    { ...shift, endMs: startMs },
    { ...shift, startMs, endMs, personId, override: { id, insteadOf: turnOf } },
    { ...shift, startMs: endMs },
  ];
  return parts.filter((part) => part.startMs < part.endMs);
}
