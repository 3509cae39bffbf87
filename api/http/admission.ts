/** How busy the machine is, as it was measured a moment ago. */
export interface MachineReading {
  /** Share of all processors that was busy since the reading before, 0 to 1. */
  readonly busyShare: number;
  /** Bookings that came since the reading before. */
  readonly asked: number;
  /** Bookings that were let in since the reading before. */
  readonly admitted: number;
  /** How long that was, ms. */
  readonly spanMs: number;
  /** Whether somebody has called for help of late. */
  readonly isHelpAtHand: boolean;
}

/** How many bookings a second are let in. */
export interface Admission {
  /** Null while everybody is let in. */
  readonly ratePerSecond: number | null;
  /** For how many readings on end the machine has been busy while bookings came. */
  readonly busyReadings: number;
}

export const OPEN: Admission = { ratePerSecond: null, busyReadings: 0 };

/** What is begun now goes on in workers and in Temporal later: only a lasting load is one. */
const LASTING_READINGS = 5;
/** Whoever is to be paged does not wait to see whether it lasts. */
const LASTING_BESIDE_HELP = 1;
/** Bookings leave so much of the processors to those who need help, and to who is paged for them. */
const MOST_BUSY_BESIDE_HELP = 0.6;
/** A booking or two a second are let in however busy the machine is: something else may be at it. */
const LEAST_PER_SECOND = 2;
/** So few do not make the machine busy, something else does: to turn the next away helps nobody. */
const TRICKLE_PER_SECOND = 5;
const FALLS_BY = 0.6;
/** The first cut is deep: until it came, everybody was let in. */
const FALLS_FIRST_BY = 0.2;
const RISES_BY = 1.05;
/** Below this share of the limit there is room for more. */
const ROOM_BELOW = 0.75;
/** With so many let in a second, it is no limit any more. */
const MOST_PER_SECOND = 200;

/**
 * Lets fewer bookings in while the machine is busier than `usualLimit` (a share of its processors),
 * and more again when it is not; while help is at hand, they leave more room and do so at once.
 * Additive increase and multiplicative decrease, as in Chiu and Jain, "Analysis of the increase and
 * decrease algorithms for congestion avoidance", 1989.
 */
export function nextAdmission(
  usualLimit: number,
  { ratePerSecond, busyReadings }: Admission,
  { busyShare, asked, admitted, spanMs, isHelpAtHand }: MachineReading,
): Admission {
  const limit = isHelpAtHand ? Math.min(usualLimit, MOST_BUSY_BESIDE_HELP) : usualLimit;
  const lasting = isHelpAtHand ? LASTING_BESIDE_HELP : LASTING_READINGS;
  const isTrickle = perSecond(asked, spanMs) <= TRICKLE_PER_SECOND;
  const isBusy = busyShare >= limit && !isTrickle;
  const readings = isBusy ? busyReadings + 1 : 0;
  if (ratePerSecond === null) {
    if (readings < lasting) return { ratePerSecond, busyReadings: readings };
    const first = fallen(perSecond(admitted, spanMs), FALLS_FIRST_BY);
    return { ratePerSecond: first, busyReadings: readings };
  }
  if (isBusy) return { ratePerSecond: fallen(ratePerSecond), busyReadings: readings };
  if (busyShare >= limit * ROOM_BELOW && !isTrickle) return { ratePerSecond, busyReadings: 0 };
  const risen = ratePerSecond * RISES_BY + 0.5;
  return { ratePerSecond: risen > MOST_PER_SECOND ? null : risen, busyReadings: 0 };
}

function fallen(ratePerSecond: number, by = FALLS_BY): number {
  return Math.max(LEAST_PER_SECOND, ratePerSecond * by);
}

function perSecond(count: number, spanMs: number): number {
  return spanMs > 0 ? (count / spanMs) * 1_000 : 0;
}
