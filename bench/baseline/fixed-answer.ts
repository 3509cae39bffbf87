import express from 'express';
import { pino } from 'pino';
import { openDeps } from '../../api/deps.ts';
import { allHandlers } from '../../api/handlers.ts';
import { createDispatcher } from '../../api/http/dispatch.ts';
import { loadDocument } from '../../api/http/document.ts';
import type { Answer } from '../../api/http/handler.ts';
import { createIdempotency } from '../../api/http/idempotency.ts';
import { openTurns } from '../../api/http/turns.ts';
import { requestIds, requestLog } from '../../api/http/request-log.ts';
import { inBothShapes } from '../../api/support/dialect.ts';
import { createHttpServer, listen } from '../../api/listen.ts';
import { loadSettings } from '../../config/settings.ts';

const TEXT =
  'That is a lot at once. One thing at a time is enough.\n\nShall we try problem solving?';
const SUGGESTIONS = ['Yes, please', 'Solve a problem step by step', 'Something else'];
const ID = '019ab000-0000-7000-8000-000000000000';

/** An answer as the companion gives it, thought of before. */
const RESPONSE = {
  text: TEXT,
  type: 'supportive-response',
  intent: 'stress-support',
  suggestions: SUGGESTIONS,
  escalationNeeded: false,
  resources: [],
  followUpQuestions: ['Which of it is most urgent?', 'What could wait until tomorrow?'],
};
const FIXED: Answer = inBothShapes(200, {
  a: {
    response: { text: TEXT, suggestions: SUGGESTIONS, mood: 'supportive', confidence: 0.9 },
    sessionId: ID,
    conversationId: ID,
  },
  b: {
    response: RESPONSE,
    metadata: {
      confidence: 0.9,
      intent: 'stress-support',
      sentiment: 'negative',
      mood: 'overwhelmed',
      crisisDetected: false,
      riskLevel: 'low',
      responseTime: 0.001,
      model: 'guided',
      conversationId: ID,
    },
    analytics: {
      userEngagement: 'medium',
      topicProgression: 'appropriate',
      supportLevel: 'peer-appropriate',
    },
  },
});

/** The product's own stack, down to the dispatcher, with one fixed answer to every turn. */
const answerSo = (): Promise<Answer> => Promise.resolve(FIXED);

const settings = loadSettings();
const log = pino({ level: settings.logLevel, base: { process: 'fixed-answer' } });
const { deps } = await openDeps(settings, log);
const idempotency = createIdempotency(deps);
const handlers = { ...allHandlers(), continueWithCompanion: answerSo };
const stages = { idempotency, helpIdempotency: idempotency, limits: null, turns: openTurns() };
const app = express();
app.use(requestIds(), requestLog(log));
app.use(createDispatcher(deps, loadDocument(), handlers, stages));
const { host, port } = settings.api;
await listen(createHttpServer(app), { host, port, drainMs: 1_000 });
console.log('the API listens');
process.once('SIGTERM', () => process.exit(0));
