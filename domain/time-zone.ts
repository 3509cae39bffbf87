import { Temporal } from 'temporal-polyfill';
import { HoldfastError } from './errors.ts';

/** A stretch in which a zone keeps one offset: wall reading = instant + `offsetMs`. */
export interface OffsetSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly offsetMs: number;
}

interface Zone {
  readonly name: string;
  readonly blocks: Map<number, readonly OffsetSegment[]>;
}

// Asking the zone database costs about a hundred times what a cached segment costs, and a slot
// search asks hundreds of times. The tables are memory of a pure function, nothing more.
const BLOCK_MS = 2 ** 34;
const MAX_ZONES = 2_000;
const MAX_BLOCKS = 512;
const zones = new Map<string, Zone>();

const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;

/** The zone's name in its usual spelling, or null for anything that is no IANA zone. */
export function normaliseZone(name: string): string | null {
  return findZone(name)?.name ?? null;
}

export function isIanaZone(name: string): boolean {
  return findZone(name) !== null;
}

/** Offset from UTC in milliseconds, positive to the east. Throws `invalid_time` for an unknown zone. */
export function offsetMsAt(zone: string, instantMs: number): number {
  return segmentAt(zone, instantMs).offsetMs;
}

/** The part of the zone's table around `instantMs`; it may end before the next change of offset. */
export function segmentAt(zone: string, instantMs: number): OffsetSegment {
  const block = blockOf(requireZone(zone), Math.floor(instantMs / BLOCK_MS));
  const segment = block.find(({ endMs }) => instantMs < endMs);
  if (segment === undefined) throw new RangeError('An instant must be a finite number');
  return segment;
}

/** Cuts a stretch of time where the zone changes its offset; ordered, without empty parts. */
export function offsetSegments(zone: string, startMs: number, endMs: number): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  let last: OffsetSegment | undefined;
  for (let from = startMs; from < endMs; from = last.endMs) {
    const { offsetMs, endMs: to } = segmentAt(zone, from);
    const joins = last !== undefined && last.offsetMs === offsetMs;
    if (joins) segments.pop();
    last = { startMs: joins && last ? last.startMs : from, endMs: Math.min(to, endMs), offsetMs };
    segments.push(last);
  }
  return segments;
}

function requireZone(name: string): Zone {
  const zone = findZone(name);
  if (zone === null) throw new HoldfastError('invalid_time', 'The time zone is not an IANA zone');
  return zone;
}

function findZone(name: string): Zone | null {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const canonical = canonicalName(name);
  if (canonical === null) return null;
  const zone = zones.get(canonical) ?? { name: canonical, blocks: new Map() };
  if (zones.size >= MAX_ZONES) zones.clear();
  zones.set(name, zone);
  return zone;
}

function canonicalName(name: string): string | null {
  if (!ZONE_NAME.test(name)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch {
    return null;
  }
}

function blockOf(zone: Zone, index: number): readonly OffsetSegment[] {
  const known = zone.blocks.get(index);
  if (known !== undefined) return known;
  const block = buildBlock(zone.name, index * BLOCK_MS, (index + 1) * BLOCK_MS);
  if (zone.blocks.size >= MAX_BLOCKS) zone.blocks.clear();
  zone.blocks.set(index, block);
  return block;
}

function buildBlock(name: string, startMs: number, endMs: number): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO(name);
  for (;;) {
    const next = at.getTimeZoneTransition('next');
    const to = next === null || next === undefined ? endMs : next.epochMilliseconds;
    segments.push({
      startMs: at.epochMilliseconds,
      endMs: Math.min(to, endMs),
      offsetMs: at.offsetNanoseconds / 1_000_000,
    });
    if (next === null || next === undefined || to >= endMs) return segments;
    at = next;
  }
}
