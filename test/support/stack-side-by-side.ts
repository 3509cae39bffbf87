import { beforeAll, test } from '@jest/globals';

const TIME_LIMIT_MS = 600_000;

/**
 * Tests that mostly wait for a time-out begin together, some at once, and each is reported by
 * itself. None may rely on another.
 */
export function sideBySide(
  tests: Readonly<Record<string, () => Promise<void>>>,
  atOnce: number,
): void {
  const outcomes = new Map<string, Promise<PromiseSettledResult<void>>>();
  beforeAll(() => {
    const free: (() => void)[] = [];
    let running = 0;
    const turn = async (): Promise<void> => {
      if (running >= atOnce) await new Promise<void>((resolve) => free.push(resolve));
      running += 1;
    };
    const run = async (story: () => Promise<void>): Promise<PromiseSettledResult<void>> => {
      await turn();
      const [outcome] = await Promise.allSettled([story()]);
      running -= 1;
      free.shift()?.();
      return outcome;
    };
    for (const [name, story] of Object.entries(tests)) outcomes.set(name, run(story));
  });
  test.each(Object.keys(tests))(
    '%s',
    async (name) => {
      const outcome = await outcomes.get(name);
      if (outcome?.status === 'rejected') throw outcome.reason;
    },
    TIME_LIMIT_MS,
  );
}
