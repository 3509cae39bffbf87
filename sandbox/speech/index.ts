import { setTimeout as delay } from 'node:timers/promises';
import express, { type Request, type Response, type Router } from 'express';
import multer from 'multer';
import { createModes } from '../modes.ts';
import { type Sound, hear, readWave } from './hearing.ts';

/**
 * - `normal`: hears something; `down`: the connection breaks; `slow`: answers after a minute; `busy`:
 *   500; `nonsense`: what is no answer at all; `partial`: an answer that breaks off; `plain`: the text
 *   alone, without times.
 */
export const SPEECH_MODES = [
  'normal',
  'down',
  'slow',
  'busy',
  'nonsense',
  'partial',
  'plain',
] as const;
export type SpeechMode = (typeof SPEECH_MODES)[number];

export interface SpeechSandboxOptions {
  /** How long a slow answer lets wait, ms. */
  readonly slowMs?: number;
}

export interface SpeechSandbox {
  /** Mount at `/speech/v1`: an endpoint compatible with OpenAI's transcriptions. */
  readonly router: Router;
  /** Mount at `/control/speech`. */
  readonly control: Router;
  setMode(mode: SpeechMode): void;
  /** Calls so far, whatever became of them. */
  asked(): number;
  close(): void;
}

const DEFAULT_SLOW_MS = 60_000;
/** As the provider's. */
const LARGEST_FILE = 25 * 1_024 * 1_024;

const NO_ANSWERS = [
  { type: 'text/html', body: '<h1>Welcome</h1>' },
  { type: 'application/json', body: '[]' },
  { type: 'application/json', body: '{"segments":[{"start":"now","end":2,"text":"a"}]}' },
  { type: 'application/json', body: '{"segments":[{"start":3,"end":2,"text":"a"}]}' },
];

/** Speech to text on the wire format of transcriptions that can be told to misbehave. */
export function createSpeechSandbox(options: SpeechSandboxOptions = {}): SpeechSandbox {
  const closing = new AbortController();
  const slowMs = options.slowMs ?? DEFAULT_SLOW_MS;
  let asked = 0;
  const modes = createModes<SpeechMode>(SPEECH_MODES, 'normal', () => asked);

  const router = express.Router();
  const upload = multer({ limits: { fileSize: LARGEST_FILE, files: 1 } }).single('file');
  router.post('/audio/transcriptions', upload, (req, res, next) => {
    asked += 1;
    transcribe(req, res, { mode: modes.now(), turn: asked, slowMs, closing: closing.signal }).catch(
      next,
    );
  });
  router.use((_req, res) => {
    sendError(res, 404, 'There is no such endpoint.', null);
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
  readonly mode: SpeechMode;
  /** From 1. */
  readonly turn: number;
  readonly slowMs: number;
  readonly closing: AbortSignal;
}

async function transcribe(req: Request, res: Response, given: Given): Promise<void> {
  const { mode, turn, slowMs, closing } = given;
  if (mode === 'down') {
    res.socket?.destroy();
    return;
  }
  if (!/^Bearer \S+$/.test(req.get('authorization') ?? '')) {
    sendError(res, 401, 'No API key was given.', 'invalid_api_key');
    return;
  }
  if (mode === 'busy') {
    sendError(res, 500, 'The server had an error.', null);
    return;
  }
  const sound = readQuestion(req);
  if (typeof sound === 'string') {
    sendError(res, 400, sound, null);
    return;
  }
  if (mode === 'slow') {
    await delay(slowMs, undefined, { signal: closing, ref: false }).catch(() => null);
    if (res.destroyed || closing.aborted) return;
  }
  if (mode === 'nonsense') {
    const { type, body } = NO_ANSWERS[turn % NO_ANSWERS.length]!;
    res.type(type).send(body);
    return;
  }
  sendHeard(res, mode, sound);
}

/** The sound, or what is wrong with the question. */
function readQuestion(req: Request): Sound | string {
  const { model, response_format: format } = Object(req.body) as Record<string, unknown>;
  if (typeof model !== 'string' || model === '') return 'you must provide a model parameter';
  if (req.file === undefined) return 'you must provide a file parameter';
  if (format !== 'verbose_json') return 'only verbose_json is spoken here';
  return readWave(req.file.buffer) ?? 'Invalid file format.';
}

function sendHeard(res: Response, mode: SpeechMode, sound: Sound): void {
  const segments = hear(sound);
  const text = segments.map((segment) => segment.text).join('');
  const answer = JSON.stringify(
    mode === 'plain'
      ? { text }
      : { task: 'transcribe', language: 'english', duration: sound.seconds, text, segments },
  );
  res.type('application/json').set('content-length', String(Buffer.byteLength(answer)));
  if (mode === 'partial') {
    res.write(answer.slice(0, answer.length / 2));
    setImmediate(() => res.destroy());
    return;
  }
  res.send(answer);
}

function sendError(res: Response, status: number, message: string, code: string | null): void {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  res.status(status).json({ error: { message, type, param: null, code } });
}
