import { v7 as uuidv7 } from 'uuid';
import { drawBytes } from './drawn-bytes.ts';

let lastMs = 0;
let sequence = 0;

/**
 * A UUID of version 7, after every one that this process made before: for what is made with each
 * request, since a draw of its own random bytes is most of what one costs.
 */
export function newUuid(): string {
  const random = drawBytes(16);
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    // Half of the numbers are left above, for those that follow in the same millisecond.
    sequence = random.readUInt32BE(6) >>> 1;
  } else sequence += 1;
  return uuidv7({ random, msecs: lastMs, seq: sequence });
}
