import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { newUuid } from '../../crypto/new-uuid.ts';
import { countRequest } from '../../activities/metrics/metrics.ts';
import { beginExchange, exchangeOf } from './exchange.ts';

/** Ids of callers' own are taken over when they look like ids, hexadecimal with dashes. */
const REQUEST_ID = /^[0-9a-f-]{16,64}$/i;

/** Gives every request its id, in the answer's `x-request-id` too. */
export function requestIds(): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : newUuid();
    beginExchange(res, requestId);
    res.setHeader('x-request-id', requestId);
    next();
  };
}

/** Counts each request by its operation once it is answered, or given up. */
export function requestTimes(): RequestHandler {
  return (_req, res, next) => {
    const sinceMs = performance.now();
    res.once('close', () => {
      const { operationId } = exchangeOf(res);
      countRequest(operationId, res.statusCode, (performance.now() - sinceMs) / 1_000);
    });
    next();
  };
}

/**
 * One line a request: ids and codes. No body, no header, and no address line, whose
 * path and query may hold what somebody has typed.
 */
export function requestLog(log: Logger): RequestHandler {
  return pinoHttp<IncomingMessage, ServerResponse>({
    logger: log,
    quietReqLogger: true,
    serializers: { req: () => undefined, res: () => undefined, err: () => undefined },
    wrapSerializers: false,
    genReqId: (_req, res) => exchangeOf(res).requestId,
    customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'error' : 'info'),
    customSuccessMessage: () => 'answered',
    customErrorMessage: () => 'failed',
    customSuccessObject: (req, res, value: object) => ({ ...value, ...outcomeOf(req, res) }),
    customErrorObject: (req, res, _error, value: object) => ({
      ...value,
      ...outcomeOf(req, res),
      err: undefined,
    }),
  }) as RequestHandler;
}

function outcomeOf(req: IncomingMessage, res: ServerResponse): Record<string, unknown> {
  const { operationId, principal, code } = exchangeOf(res);
  return {
    method: req.method,
    status: res.statusCode,
    operationId,
    personId: principal?.personId ?? null,
    ...(code === null ? {} : { code }),
  };
}
