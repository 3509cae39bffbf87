import type { Actor, World } from './world.ts';

/**
 * `hidden`: as if it did not exist; `refused`: a body that names what the caller can't know of.
 * `unauthenticated` is everybody without a token. `barred`: what the booking page publishes as 401.
 */
export type Outcome = 'barred' | 'allowed' | 'forbidden' | 'hidden' | 'refused' | 'unauthenticated';

export interface Request {
  /** Fills the `{id}` of the path. */
  readonly id?: string;
  /** Fills `{exceptionId}`. */
  readonly exceptionId?: string;
  readonly body?: unknown;
  readonly query?: string;
}

export interface Row {
  readonly request?: (world: World) => Promise<Request> | Request;
  /** What the named actors get; the others with a token get `rest`. */
  readonly rest: Outcome;
  readonly outcomes?: Partial<Record<Actor, Outcome>>;
}

export type Group = Partial<Record<Actor, Outcome>>;

export function give(outcome: Outcome, ...actors: readonly Actor[]): Group {
  return Object.fromEntries(actors.map((actor) => [actor, outcome]));
}
