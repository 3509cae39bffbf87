import cors from 'cors';
import express from 'express';
import type { Express } from 'express';
import helmet from 'helmet';
import { isMediaAvailable } from '../db/rooms.ts';
import { codecRouter } from './codec-mount.ts';
import type { ApiDeps } from './context.ts';
import { allHandlers } from './handlers.ts';
import { settleBackground } from './background.ts';
import { createDispatcher } from './http/dispatch.ts';
import { loadDocument } from './http/document.ts';
import { createErrorHandler } from './http/error-handler.ts';
import type { HandlerMap } from './http/handler.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createLimiter } from './http/rate-limits.ts';
import { requestIds, requestLog, requestTimes } from './http/request-log.ts';
import { openTurns } from './http/turns.ts';
import { roomPage } from './room/page.ts';
import { roomRouter } from './room/router.ts';
import { webhookRouter } from './webhooks/router.ts';

const EXPOSED_HEADERS = [
  'x-request-id',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'retry-after',
];

export interface Api {
  readonly app: Express;
  /** Waits for what was answered and is still being recorded. */
  drain(): Promise<void>;
}

/** The whole HTTP API over its dependencies, not listening yet. */
export function createApi(deps: ApiDeps, handlers: HandlerMap = allHandlers()): Api {
  const idempotency = createIdempotency(deps);
  const helpIdempotency = createIdempotency({ ...deps, knex: deps.crisisKnex });
  const limits =
    deps.http.rateLimits === null ? null : createLimiter(deps.knex, deps.http.rateLimits);
  const stages = { idempotency, helpIdempotency, limits, turns: openTurns() };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', deps.http.trustedProxies);
  app.set('query parser', 'simple');
  app.use(requestIds(), requestTimes(), requestLog(deps.log), helmet());
  app.use('/webhooks', webhookRouter(deps));
  const isAvailable = (): Promise<boolean> => isMediaAvailable(deps.knex);
  app.use('/room', roomRouter({ isAvailable, page: roomPage }));
  // The codec answers Temporal UI's origin alone, by rules of its own.
  if (deps.http.temporalUiOrigin !== null) {
    app.use('/codec', codecRouter(deps, deps.http.temporalUiOrigin));
  }
  app.use(
    cors({
      origin: [...deps.http.corsOrigins],
      credentials: true,
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      exposedHeaders: EXPOSED_HEADERS,
    }),
  );
  app.use(createDispatcher(deps, loadDocument(), handlers, stages));
  app.use(createErrorHandler(deps.log));
  const drain = async (): Promise<void> => {
    await settleBackground();
    await Promise.all([idempotency.drain(), helpIdempotency.drain()]);
  };
  return { app, drain };
}

export function createApp(deps: ApiDeps): Express {
  return createApi(deps).app;
}
