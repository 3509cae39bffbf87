import { randomBytes } from 'node:crypto';

/** So many are drawn at once: a draw of a few costs half as much as sealing a short text. */
const AT_ONCE = 4_096;

let drawn: Buffer = Buffer.alloc(0);
let used = 0;

/** Random bytes that were given out to nobody else; at most 4,096. */
export function drawBytes(count: number): Buffer {
  if (used + count > drawn.length) {
    drawn = randomBytes(AT_ONCE);
    used = 0;
  }
  used += count;
  return drawn.subarray(used - count, used);
}
