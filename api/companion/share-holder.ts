import { createHmac } from 'node:crypto';
import type { Call } from '../http/handler.ts';
import { networkOf } from '../http/rate-limits.ts';

/**
 * Whose share of the clinic's money for the model a turn counts towards, as a digest that leads to
 * nobody. Whoever has no account is told apart by their network alone: another name is to be had for
 * the asking, and with it another share.
 */
export async function shareHolder({ deps, principal, address }: Call): Promise<Buffer> {
  const { clinicId, personId, isAnonymous } = principal;
  const holder = isAnonymous ? ['network', networkOf(address)] : ['person', personId];
  const { key } = await deps.keyRing.current('payloads');
  const parts = ['companion-share', clinicId, ...holder];
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest();
}
