import type { IncomingMessage } from 'node:http';
import { announcesBody, readAll } from './body.ts';
import type { ReadBody } from './body.ts';

const NOTHING: ReadBody = { raw: Buffer.alloc(0), value: {} };

/**
 * Reads whatever is sent, of any type: a cry for help need not be well-formed. What isn't a JSON
 * object comes as the `description` of one; what is too large or breaks off comes as an empty one.
 * Never throws.
 */
export async function readAnyBody(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
): Promise<ReadBody> {
  if (!announcesBody(req)) return NOTHING;
  try {
    const raw = await readAll(req, limitBytes, timeoutMs);
    return { raw, value: objectOf(raw.toString('utf8')) };
  } catch {
    return NOTHING;
  }
}

function objectOf(text: string): object {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    return { description: typeof value === 'string' ? value : text };
  } catch {
    return { description: text };
  }
}
