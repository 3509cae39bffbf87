import express from 'express';
import { pino } from 'pino';
import { openDeps } from '../../api/deps.ts';
import { allHandlers } from '../../api/handlers.ts';
import { createDispatcher } from '../../api/http/dispatch.ts';
import { loadDocument } from '../../api/http/document.ts';
import type { Answer, Call } from '../../api/http/handler.ts';
import { createIdempotency } from '../../api/http/idempotency.ts';
import { requestIds, requestLog } from '../../api/http/request-log.ts';
import { openTurns } from '../../api/http/turns.ts';
import { createHttpServer, listen } from '../../api/listen.ts';
import { loadSettings } from '../../config/settings.ts';

/** A row as a scored questionnaire leaves it, and nothing else that one does. */
const INSERT = `INSERT INTO bench_results (id, response_id, clinic_id, person_id, questionnaire_id,
    type, total, maximum, percentage, severity, methods, categories, flags, is_flagged, review,
    completed_at)
  VALUES (?, ?, ?, ?, ?, 'GAD-7', 5, 21, 23.81, 'mild', '{}', '{}', '[]', false, 'none', now())
  RETURNING completed_at`;

/** The product's own stack, down to the dispatcher, with one bare insert where it completes. */
async function insertOne({ deps, principal, newId }: Call): Promise<Answer> {
  const { clinicId, personId } = principal;
  await deps.knex.raw(INSERT, [newId, newId, clinicId, personId, newId]);
  const result = { _id: newId, totalScore: 5 };
  return { status: 200, body: { success: true, data: { id: newId }, result } };
}

const settings = loadSettings();
const log = pino({ level: settings.logLevel, base: { process: 'bare-insert' } });
const { deps } = await openDeps(settings, log);
const idempotency = createIdempotency(deps);
const handlers = { ...allHandlers(), completeResponseSession: insertOne };
const stages = { idempotency, helpIdempotency: idempotency, limits: null, turns: openTurns() };
const app = express();
app.use(requestIds(), requestLog(log));
app.use(createDispatcher(deps, loadDocument(), handlers, stages));
const { host, port } = settings.api;
await listen(createHttpServer(app), { host, port, drainMs: 1_000 });
console.log('the API listens');
process.once('SIGTERM', () => process.exit(0));
