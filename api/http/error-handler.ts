import type { ErrorRequestHandler, Request } from 'express';
import type { Logger } from 'pino';
import { exchangeOf } from './exchange.ts';
import { toFault } from './fault.ts';
import { presentError } from './present-error.ts';

/** Answers everything that was thrown, in the dialect of the request's door. */
export function createErrorHandler(log: Logger): ErrorRequestHandler {
  return (thrown, req, res, _next) => {
    const exchange = exchangeOf(res);
    const fault = toFault(thrown);
    exchange.code = fault.code;
    if (fault.status >= 500) {
      const { requestId, operationId } = exchange;
      log.error(
        { requestId, operationId, code: fault.code, error: safely(thrown) },
        'a request failed',
      );
    }
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const presented = presentError(exchange.door, fault, exchange.requestId);
    for (const name of ['content-type', 'content-length', 'etag']) res.removeHeader(name);
    for (const [name, value] of Object.entries(presented.headers)) res.setHeader(name, value);
    if (isHalfRead(req)) res.setHeader('connection', 'close');
    if (fault.code === 'unauthenticated' || fault.code === 'token_expired') {
      res.setHeader('www-authenticate', 'Bearer');
    }
    res.status(presented.status).type(presented.contentType).json(presented.body);
  };
}

/** A body that was given up half-way can't be followed by another request. */
function isHalfRead(req: Request): boolean {
  return req.isPaused() && !req.complete;
}

/** An error for the log: its kind and place. A message may quote what a client has typed. */
export function safely(thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const { name, stack = '', cause } = thrown;
  const code: unknown = Reflect.get(thrown, 'code');
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return {
    name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    frames: frames.slice(0, 12).map((line) => line.trim()),
    ...(cause === undefined ? {} : { cause: safely(cause) }),
  };
}
