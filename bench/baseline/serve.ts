import { pino } from 'pino';
import { goFirst } from '../../activities/crisis/go-first.ts';
import { openDeps } from '../../api/deps.ts';
import { allHandlers } from '../../api/handlers.ts';
import type { HandlerMap } from '../../api/http/handler.ts';
import { createHttpServer, listen } from '../../api/listen.ts';
import { createApi } from '../../api/server.ts';
import { loadSettings } from '../../config/settings.ts';

/** The product's own HTTP stack, whole, with these handlers in place of its own. */
export async function serveWith(name: string, inPlace: Partial<HandlerMap>): Promise<void> {
  // As the product's API does.
  goFirst();
  const settings = loadSettings();
  const log = pino({ level: settings.logLevel, base: { process: name } });
  const { deps } = await openDeps(settings, log);
  const { app } = createApi(deps, { ...allHandlers(), ...inPlace });
  const { host, port } = settings.api;
  await listen(createHttpServer(app), { host, port, drainMs: 1_000 });
  console.log('the API listens');
  process.once('SIGTERM', () => process.exit(0));
}
