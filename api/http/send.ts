import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Answer } from './handler.ts';

/** Sends what a handler has answered, whole or as it comes. */
export async function sendAnswer(res: Response, answer: Answer): Promise<void> {
  if (answer.body instanceof Readable) await sendStream(res, answer, answer.body);
  else send(res, answer);
}

/** Whoever goes away, or a fault half way, ends the other side too; the answer has begun by then. */
async function sendStream(res: Response, answer: Answer, body: Readable): Promise<void> {
  res.status(answer.status).type(answer.contentType ?? 'application/octet-stream');
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  if (res.req.method === 'HEAD') {
    body.destroy();
    res.end();
    return;
  }
  await pipeline(body, res);
}

function send(res: Response, answer: Answer): void {
  res.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  if (answer.body === undefined) res.end();
  else if (answer.contentType === undefined) res.json(answer.body);
  else res.type(answer.contentType).send(answer.body);
}
