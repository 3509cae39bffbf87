import { HoldfastError } from '../../domain/errors.ts';
import type { Operation } from '../http/document.ts';
import type { Principal } from './principal.ts';

const CRISIS = /\/crisis(\/|$)/;

/**
 * What a patient without an account may reach: whatever everybody may, the support door, and every
 * door's way to help in a crisis. Appointments need somebody who can be reached and held to them.
 */
export function mayBeAnonymous(operation: Pick<Operation, 'door' | 'isPublic' | 'path'>): boolean {
  return operation.isPublic || operation.door === 'support' || CRISIS.test(operation.path);
}

/** Throws `forbidden` where only people with an account are let in. */
export function requireAccount(principal: Principal | null, operation: Operation): void {
  if (principal?.isAnonymous !== true || mayBeAnonymous(operation)) return;
  throw new HoldfastError('forbidden', 'This needs an account');
}
