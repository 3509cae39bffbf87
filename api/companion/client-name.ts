import { createHash } from 'node:crypto';

/**
 * What somebody's client calls its session, as a digest: the name is the client's own and may say
 * anything. Two people's equal names have nothing in common.
 */
export function clientNameOf(personId: string, name: string): Buffer {
  return createHash('sha256').update(personId).update('\0').update(name).digest();
}
