import { setTimeout as delay } from 'node:timers/promises';
import express, { type Request, type Response, type Router } from 'express';
import { v7 as newId } from 'uuid';
import { createModes } from '../modes.ts';
import { sendCompletion, sendStream, wordsOf } from './wire.ts';
import { composeReply } from './replies.ts';

/**
 * - `normal`: answers kindly; `down`: the connection breaks; `slow`: the first word comes after a
 *   minute; `hostile`: answers that do harm; `nonsense`: what is no answer at all.
 */
export const MODEL_MODES = ['normal', 'down', 'slow', 'hostile', 'nonsense'] as const;
export type ModelMode = (typeof MODEL_MODES)[number];

export interface ModelSandboxOptions {
  /** How long a slow answer lets wait, ms. */
  readonly slowMs?: number;
  readonly mode?: ModelMode;
}

export interface ModelSandbox {
  /** Mount at `/model/v1`: an OpenAI-compatible endpoint. */
  readonly router: Router;
  /** Mount at `/control/model`. */
  readonly control: Router;
  setMode(mode: ModelMode): void;
  /** Calls so far, whatever became of them. */
  asked(): number;
  close(): void;
}

const DEFAULT_SLOW_MS = 60_000;

/** A model on the wire format of chat completions, whole or streamed, that can be told to misbehave. */
export function createModelSandbox(options: ModelSandboxOptions = {}): ModelSandbox {
  const closing = new AbortController();
  let asked = 0;
  const modes = createModes<ModelMode>(MODEL_MODES, options.mode ?? 'normal', () => asked);

  const router = express.Router();
  router.use(express.json({ limit: '1mb' }));
  router.get('/models', (_req, res) => {
    const model = { id: 'stand-in', object: 'model', created: 0, owned_by: 'sandbox' };
    res.json({ object: 'list', data: [model] });
  });
  router.post('/chat/completions', (req, res, next) => {
    asked += 1;
    const slowMs = options.slowMs ?? DEFAULT_SLOW_MS;
    complete(req, res, { mode: modes.now(), turn: asked, slowMs, closing: closing.signal }).catch(
      next,
    );
  });
  router.use((_req, res) => {
    sendError(res, 404, 'invalid_request_error', 'There is no such endpoint.', null);
  });

  return {
    router,
    control: modes.router,
    setMode: modes.set,
    asked: () => asked,
    close: () => closing.abort(),
  };
}

interface Given {
  readonly mode: ModelMode;
  /** From 1. */
  readonly turn: number;
  readonly slowMs: number;
  readonly closing: AbortSignal;
}

async function complete(req: Request, res: Response, given: Given): Promise<void> {
  if (given.mode === 'down') {
    res.socket?.destroy();
    return;
  }
  if (!/^Bearer \S+$/.test(req.get('authorization') ?? '')) {
    sendError(res, 401, 'invalid_request_error', 'No API key was given.', 'invalid_api_key');
    return;
  }
  const question = readQuestion(req.body);
  if (question === null) {
    sendError(res, 400, 'invalid_request_error', 'model and messages are required.', null);
    return;
  }
  if (given.mode === 'slow') {
    await delay(given.slowMs, undefined, { signal: given.closing, ref: false }).catch(() => null);
    if (res.destroyed || given.closing.aborted) return;
  }
  const reply = composeReply(given.mode, question.said, given.turn);
  if (reply.kind === 'no_answer') {
    res.type(reply.type).send(reply.body);
    return;
  }
  const completion = {
    id: `chatcmpl-${newId()}`,
    model: question.model,
    created: Math.floor(Date.now() / 1_000),
    text: reply.text,
    promptTokens: question.promptTokens,
    completionTokens: wordsOf(reply.text).length,
  };
  if (question.isStreamed) await sendStream(res, completion, question.includesUsage);
  else sendCompletion(res, completion);
}

interface Question {
  readonly model: string;
  /** What the person said last. */
  readonly said: string;
  readonly promptTokens: number;
  readonly isStreamed: boolean;
  readonly includesUsage: boolean;
}

function readQuestion(body: unknown): Question | null {
  const { model, messages, stream, stream_options } = Object(body) as Record<string, unknown>;
  if (typeof model !== 'string' || !Array.isArray(messages) || messages.length === 0) return null;
  const texts = messages.map((message: unknown) => {
    const { role, content } = Object(message) as Record<string, unknown>;
    return { role: String(role), content: typeof content === 'string' ? content : '' };
  });
  const options = Object(stream_options) as { include_usage?: unknown };
  return {
    model,
    said: texts.findLast(({ role }) => role === 'user')?.content ?? '',
    promptTokens: texts.reduce((sum, { content }) => sum + wordsOf(content).length + 4, 0),
    isStreamed: stream === true,
    includesUsage: options.include_usage === true,
  };
}

function sendError(
  res: Response,
  status: number,
  type: string,
  message: string,
  code: string | null,
): void {
  res.status(status).json({ error: { message, type, param: null, code } });
}
