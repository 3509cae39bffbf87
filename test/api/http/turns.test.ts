import { expect, test } from '@jest/globals';
import { openTurns } from '../../../api/http/turns.ts';

/** Lets everybody whose turn it is go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function crowd(count: number, take: () => Promise<() => void>): Promise<(() => void)[]> {
  const having: (() => void)[] = [];
  for (let at = 0; at < count; at += 1) {
    void take().then((giveBack) => having.push(giveBack));
  }
  await settle();
  return having;
}

test('of a crowd few have their turn at once, and all have one in the end', async () => {
  const turns = openTurns();
  const having = await crowd(40, turns.take);
  expect(having).toHaveLength(6);
  for (let at = 0; at < 40; at += 1) {
    expect(having.length).toBe(Math.min(40, at + 6));
    having[at]!();
    // A turn that is given back twice is one turn.
    having[at]!();
    await settle();
  }
  expect(await crowd(6, turns.take)).toHaveLength(6);
});

test('a turn that takes too long is no longer one: others go on', async () => {
  const turns = openTurns();
  const having = await crowd(7, turns.take);
  expect(having).toHaveLength(6);
  const next = turns.take();
  (await next)();
  expect(having.length).toBeGreaterThan(6);
});

test('while somebody calls for help one goes on at a time, and everybody after that', async () => {
  const turns = openTurns();
  const [isOver, isOverToo] = [turns.comeFirst(), turns.comeFirst()];
  const having = await crowd(10, turns.take);
  expect(having).toHaveLength(1);
  isOver();
  isOver();
  await settle();
  expect(having).toHaveLength(1);
  having[0]!();
  await settle();
  expect(having).toHaveLength(2);
  isOverToo();
  await settle();
  expect(having).toHaveLength(7);
});
