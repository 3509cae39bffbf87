import type { IncomingMessage } from 'node:http';
import { announcesBody, readAll } from './body.ts';
import type { ReadBody } from './body.ts';
import { withoutMarks } from './without-marks.ts';

const NOTHING: ReadBody = { raw: Buffer.alloc(0), value: {} };

/**
 * Reads whatever is sent, of any type: a cry for help need not be well-formed. What isn't a JSON
 * object comes as the `description` of one, and so does the beginning of what is too large or breaks
 * off. Never throws.
 */
export async function readAnyBody(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
): Promise<ReadBody> {
  if (!announcesBody(req)) return NOTHING;
  let beginning = NOTHING.raw;
  const whole = readAll(req, limitBytes, timeoutMs, (bytes) => (beginning = bytes));
  const raw = await whole.catch(() => beginning);
  return { raw, value: objectOf(raw.toString('utf8')) };
}

function objectOf(text: string): object {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    return { description: typeof value === 'string' ? value : text };
  } catch {
    return { description: /^\s*[{[]/.test(text) ? withoutMarks(text) : text };
  }
}
