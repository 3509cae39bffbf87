import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { newUuid } from '../../crypto/new-uuid.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import { requireAccount } from '../access/anonymous-access.ts';
import { recordingDenials } from '../access/denials.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import type { OperationId } from '../generated/operations.ts';
import { withHelpLines } from '../crisis/help-lines.ts';
import { readAnyBody } from './any-body.ts';
import { authenticate, countedPerson } from './authenticate.ts';
import { bearerToken } from './bearer.ts';
import { readHeardBody, readJsonBody } from './body.ts';
import type { ReadBody } from './body.ts';
import type { ApiDocument, Operation } from './document.ts';
import { FORM_TYPE, operationsOf } from './document.ts';
import { doorOfPath } from './door.ts';
import type { Answer, Call, HandlerMap, PublicHandler } from './handler.ts';
import { hearRefused } from './hearing.ts';
import type { Hearing } from './hearing.ts';
import type { Idempotency } from './idempotency.ts';
import type { Limiter } from './rate-limits.ts';
import { RouteTable } from './route-table.ts';
import { sendAnswer } from './send.ts';
import { isShedFirst } from './shedding.ts';
import type { Turns } from './turns.ts';
import { exchangeOf } from './exchange.ts';
import { readUpload } from './upload.ts';
import { pathValidators } from './validators.ts';
import type { Validate } from './validators.ts';

export interface Stages {
  readonly limits: Limiter | null;
  readonly idempotency: Idempotency;
  /** For cries for help, by a way of its own to the database. */
  readonly helpIdempotency: Idempotency;
  readonly turns: Turns;
}

/** How long a handler waits for Temporal in all; a caller is told to come back after that. */
const TEMPORAL_TIMEOUT_MS = 6_000;
/** What a code that opens nothing is answered with. */
const NOT_FOUND = 404;

/** Dispatches every request to the one handler of its operation, in the order that each step may rely on. */
export function createDispatcher(
  deps: ApiDeps,
  document: ApiDocument,
  handlers: HandlerMap,
  stages: Stages,
): RequestHandler {
  const routes = new RouteTable(operationsOf(document));
  const validatorOf = pathValidators(document, {
    responses: deps.http.responseValidation,
    log: deps.log,
  });
  return async (req, res, next) => {
    const { operation, params } = route(routes, req, res);
    const validate: Validate = (...request) => validatorOf(operation.path)(...request);
    const handler = handlers[operation.id as OperationId] as PublicHandler;
    const hearing: Hearing = { words: null, isHandled: false };
    await serve({ deps, req, res, next, operation, params, validate, handler, stages, hearing });
  };
}

function route(
  routes: RouteTable,
  req: Request,
  res: Response,
): { operation: Operation; params: Readonly<Record<string, string>> } {
  const exchange = exchangeOf(res);
  exchange.door = doorOfPath(req.path);
  if (req.url.includes('%00')) {
    throw new HoldfastError('malformed_request', 'The address must not contain NUL characters');
  }
  const match = routes.find(req.method, req.path);
  if (match.kind === 'none') throw new HoldfastError('not_found', 'There is nothing here');
  if (match.kind === 'other_method') {
    res.setHeader('allow', match.allow.map((method) => method.toUpperCase()).join(', '));
    throw new HoldfastError('method_not_allowed', 'This method is not supported here');
  }
  exchange.door = match.operation.door;
  exchange.operationId = match.operation.id;
  return match;
}

interface Work {
  readonly deps: ApiDeps;
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  readonly validate: Validate;
  readonly handler: PublicHandler;
  readonly stages: Stages;
  readonly hearing: Hearing;
}

async function serve(work: Work): Promise<void> {
  const { load } = work.deps;
  await load.admit(work.operation);
  const leave = load.enter();
  try {
    await (work.operation.refusesNothing ? answerForHelp(work) : answerHearing(work));
  } finally {
    leave();
  }
}

async function answerForHelp(work: Work): Promise<void> {
  const isOver = work.stages.turns.comeFirst();
  work.deps.load.helpIsCalled();
  try {
    await answer(work);
  } catch (error) {
    throw await withHelpLines(work.deps, exchangeOf(work.res).principal, error);
  } finally {
    isOver();
  }
}

async function answerHearing(work: Work): Promise<void> {
  try {
    await answer(work);
  } catch (error) {
    const { principal, requestId } = exchangeOf(work.res);
    if (work.operation.hearsRefused) {
      const { path } = work.operation;
      const refused = { requestId, path };
      const alarmed = await hearRefused(work.deps, work.hearing, principal, refused);
      if (alarmed !== null) {
        throw await withHelpLines(work.deps, principal, error, alarmed.alertId);
      }
    }
    throw error;
  }
}

async function answer(work: Work): Promise<void> {
  const { req, res, operation, stages } = work;
  const principal = await identify(work);
  exchangeOf(res).principal = principal;
  const address = req.ip ?? '';
  const who = countedPerson(principal, operation);
  const uncount = await stages.limits?.(operation.limit, who, address, res);
  let isGuess = false;
  try {
    await answerCounted(work, principal, address);
    isGuess = res.statusCode === NOT_FOUND;
  } catch (error) {
    isGuess = errorCodeOf(error) === 'not_found';
    throw error;
  } finally {
    if (!isGuess) await uncount?.();
  }
}

async function answerCounted(
  work: Work,
  principal: Principal | null,
  address: string,
): Promise<void> {
  const { operation, stages } = work;
  const body = await readBody(work);
  // Not before its body is there: whoever sends slowly keeps nobody waiting.
  const giveBack = isShedFirst(operation) ? await stages.turns.take() : null;
  try {
    await answerWith(work, principal, address, body);
  } finally {
    giveBack?.();
    await body.release?.();
  }
}

/** Whoever is heard is heard although their token has ended or can't be looked up, and is told so then. */
async function identify(work: Work): Promise<Principal | null> {
  const { deps, req, res, operation } = work;
  try {
    return await authenticate(deps, req, operation);
  } catch (error) {
    const token = operation.hearsRefused ? bearerToken(req.headers.authorization) : null;
    if (token !== null) {
      const known = await deps.authenticator.authenticateForHelp(token).catch(() => null);
      exchangeOf(res).principal = known;
      if (known !== null) await readBody(work).catch(() => undefined);
    }
    throw error;
  }
}

function readBody({ deps, req, res, operation, hearing }: Work): Promise<ReadBody> {
  if (operation.isUpload) return readUpload(req, res, deps.attachments);
  const { bodyLimitBytes, hearsRefused } = operation;
  const { bodyTimeoutMs } = deps.http;
  if (hearsRefused) {
    return readHeardBody(req, bodyLimitBytes, bodyTimeoutMs, (text) => (hearing.words = text));
  }
  const read = operation.refusesNothing ? readAnyBody : readJsonBody;
  return read(req, bodyLimitBytes, bodyTimeoutMs);
}

async function answerWith(
  work: Work,
  principal: Principal | null,
  address: string,
  body: ReadBody,
): Promise<void> {
  const { deps, req, res, operation, stages } = work;
  await validate(work, body);
  const call = toCall(work, principal, address);
  const run = (own: typeof call): Promise<Answer> =>
    deps.temporal.withDeadline(Date.now() + TEMPORAL_TIMEOUT_MS, () => {
      const handle = (): Promise<Answer> => {
        work.hearing.isHandled = true;
        return work.handler(own);
      };
      if (operation.isPublic) return handle();
      return recordingDenials(own, async () => {
        requireAccount(principal, operation);
        return handle();
      });
    });
  const keyed = operation.refusesNothing
    ? stages.helpIdempotency.onceOrAnew
    : stages.idempotency.once;
  const given =
    operation.method !== 'get' && req.headers['idempotency-key'] !== undefined
      ? await keyed(call, body, (id) => run({ ...call, newId: id }))
      : await run(call);
  await sendAnswer(res, given);
}

async function validate({ req, res, next, ...work }: Work, body: ReadBody): Promise<void> {
  // The validator asks for a body only where its schema asks for some property.
  if (body.value === undefined && work.operation.needsBody) {
    throw new HoldfastError('malformed_request', 'The request must have a body');
  }
  req.body = body.fields ?? body.value;
  // One spelling for all, since the validator compiles a schema for each that it meets.
  req.headers['content-type'] = work.operation.isUpload ? FORM_TYPE : 'application/json';
  if (req.method === 'HEAD') req.method = 'GET';
  await work.validate(req, res, next);
  if (body.fields !== undefined) req.body = body.value;
}

function toCall(
  { deps, req, res, operation, params }: Work,
  principal: Principal | null,
  address: string,
): Call<unknown, Readonly<Record<string, unknown>>, Principal | null> {
  const { requestId } = exchangeOf(res);
  let log: Logger | undefined;
  let newId: string | undefined;
  return {
    operationId: operation.id as OperationId,
    principal,
    params,
    query: req.query,
    body: req.body,
    headers: req.headers,
    requestId,
    address,
    // Few requests create anything.
    get newId() {
      return (newId ??= newUuid());
    },
    deps,
    // Few requests have anything to log.
    get log() {
      return (log ??= deps.log.child({ requestId, operationId: operation.id }));
    },
  };
}
