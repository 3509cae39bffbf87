import type { Params } from './params.ts';

/** One request as a resource's handler sees it. */
export type Call = {
  readonly params: Params;
  /** A named part of the path, for example `id`. */
  path(name: string): string;
  /** The stand-in's own address as the caller wrote it, for links to its pages. */
  readonly baseUrl: string;
};

/** Answers with Stripe's object, or throws a `StripeProblem`. */
export type Handler = (call: Call) => unknown;

export type Route = {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly handle: Handler;
};
