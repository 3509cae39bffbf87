import type { Request } from 'express';
import { HoldfastError } from '../../domain/errors.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import { bearerToken } from './bearer.ts';
import type { Operation } from './document.ts';

/** A public operation ignores a token that is no good: it may be the very thing that is being renewed. */
export async function authenticate(
  deps: ApiDeps,
  req: Request,
  operation: Operation,
): Promise<Principal | null> {
  const token = bearerToken(req.headers.authorization);
  if (operation.isPublic) {
    return token === null ? null : deps.authenticator.authenticate(token).catch(() => null);
  }
  if (token === null) throw new HoldfastError('unauthenticated', 'A bearer token is required');
  const { authenticator } = deps;
  return operation.refusesNothing
    ? authenticator.authenticateForHelp(token)
    : authenticator.authenticate(token);
}

/**
 * Whom the limits count a request for; null for the address. An anonymous identity costs nothing,
 * so that guesses at passwords count for the address that makes them.
 */
export function countedPerson(principal: Principal | null, { limit }: Operation): string | null {
  if (principal === null || (principal.isAnonymous && limit === 'auth')) return null;
  return principal.personId;
}
