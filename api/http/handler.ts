import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import type { OperationId, PublicOperationId } from '../generated/operations.ts';

export type Query = Readonly<Record<string, unknown>>;
export type Params = Readonly<Record<string, string>>;

/**
 * A request that has passed authentication, limits and validation against `openapi.yaml`.
 * A handler names the validated shapes itself: `(call: Call<BookBody>) => ...`.
 */
export interface Call<Body = unknown, CallQuery = Query, Who = Principal> {
  readonly operationId: OperationId;
  readonly principal: Who;
  readonly params: Params;
  /** Coerced to the types of the document. */
  readonly query: CallQuery;
  readonly body: Body;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
  /** The caller's address, behind the configured number of proxies. */
  readonly address: string;
  /** The id for the object that this request creates: the same one when the request is retried with its key. */
  readonly newId: string;
  readonly deps: ApiDeps;
  readonly log: Logger;
}

/** A call of an operation with `security: []`: there may be a principal. */
export type PublicCall<Body = unknown, CallQuery = Query> = Call<Body, CallQuery, Principal | null>;

export interface Answer {
  readonly status: number;
  /**
   * An object is sent as JSON; a string needs a `contentType`, as does a stream, which no
   * Idempotency-Key can repeat; none makes an empty answer.
   */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

// A method type, so that a handler may declare the body and query that the document has already checked.
interface Handling<Who> {
  handle(call: Call<unknown, Query, Who>): Promise<Answer>;
}

export type Handler = Handling<Principal>['handle'];
export type PublicHandler = Handling<Principal | null>['handle'];

export type HandlerMap = {
  readonly [Id in OperationId]: Id extends PublicOperationId ? PublicHandler : Handler;
};
