import express from 'express';
import { pino } from 'pino';
import { goFirst } from '../../activities/crisis/go-first.ts';
import { openDeps } from '../../api/deps.ts';
import { allHandlers } from '../../api/handlers.ts';
import { createDispatcher } from '../../api/http/dispatch.ts';
import { loadDocument } from '../../api/http/document.ts';
import { createIdempotency } from '../../api/http/idempotency.ts';
import { requestIds, requestLog } from '../../api/http/request-log.ts';
import { openTurns } from '../../api/http/turns.ts';
import { createHttpServer, listen } from '../../api/listen.ts';
import { loadSettings } from '../../config/settings.ts';

/** The product's own stack, down to the dispatcher, with these handlers in place of its own. */
export async function serveWith(
  name: string,
  inPlace: Partial<ReturnType<typeof allHandlers>>,
): Promise<void> {
  // As the product's API does.
  goFirst();
  const settings = loadSettings();
  const log = pino({ level: settings.logLevel, base: { process: name } });
  const { deps } = await openDeps(settings, log);
  const idempotency = createIdempotency(deps);
  const handlers = { ...allHandlers(), ...inPlace };
  const stages = { idempotency, helpIdempotency: idempotency, limits: null, turns: openTurns() };
  const app = express();
  app.use(requestIds(), requestLog(log));
  app.use(createDispatcher(deps, loadDocument(), handlers, stages));
  const { host, port } = settings.api;
  await listen(createHttpServer(app), { host, port, drainMs: 1_000 });
  console.log('the API listens');
  process.once('SIGTERM', () => process.exit(0));
}
