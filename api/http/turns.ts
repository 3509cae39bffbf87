/** Who makes a beginning now, of those who can wait for a moment. */
export interface Turns {
  /** Resolves when it is the caller's turn, with what gives it back; it may be given back again. */
  take(): Promise<() => void>;
  /** Others' turns come one by one until this is over; it is over by itself in a moment. */
  comeFirst(): () => void;
}

/** Of bookings, so many are begun at once: one process has one thread for all of them. */
const AT_ONCE = 6;
/** Reports that never cease must not end all bookings. */
const AT_ONCE_BESIDE_HELP = 1;
/** Whoever has had a turn for so long is waiting for somebody else, ms. */
const LONGEST_TURN_MS = 150;
/** A report that takes longer does so for a reason that nobody's waiting mends, ms. */
const FIRST_FOR_MS = 300;

/**
 * Lets a crowd in one after another, in the order in which it came, and after those who need help:
 * whatever is begun shares the processor with a report until it is done.
 */
export function openTurns(): Turns {
  const waiting: (() => void)[] = [];
  let [taken, urgent] = [0, 0];
  const go = (): void => {
    const most = urgent > 0 ? AT_ONCE_BESIDE_HELP : AT_ONCE;
    while (taken < most && waiting.length > 0) {
      taken += 1;
      waiting.shift()!();
    }
  };
  return {
    take: async () => {
      const turn = new Promise<void>((resolve) => waiting.push(resolve));
      go();
      await turn;
      return onceWithin(LONGEST_TURN_MS, () => {
        taken -= 1;
        go();
      });
    },
    comeFirst: () => {
      urgent += 1;
      return onceWithin(FIRST_FOR_MS, () => {
        urgent -= 1;
        go();
      });
    },
  };
}

/** What happens once: when it is called, or else after so long. */
function onceWithin(ms: number, work: () => void): () => void {
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    work();
  };
  const timer = setTimeout(once, ms);
  return once;
}
