import type { IncomingMessage } from 'node:http';
import { HoldfastError } from '../../domain/errors.ts';
import { checkJson } from './json-guard.ts';

export interface ReadBody {
  /** The bytes as sent; empty without a body. */
  readonly raw: Buffer;
  readonly value: unknown;
  /** Of a form, what can be checked against the document: all but its file. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Ends what the body holds on to once the request is answered. */
  readonly release?: () => Promise<void>;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/i;
/** A body that is too large is read to its end up to here, so that its sender gets to see the answer. */
const DISCARD_LIMIT_BYTES = 32 * 1024 * 1024;
const NOTHING: ReadBody = { raw: Buffer.alloc(0), value: undefined };

/** Whether a request announces a body: by HTTP's framing, whatever its method. */
export function announcesBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * Reads a JSON body of any method. Throws `unsupported_media_type`, `payload_too_large`, or
 * `malformed_request` for anything that isn't strict JSON in UTF-8 within `limitBytes` and `timeoutMs`.
 */
export async function readJsonBody(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
): Promise<ReadBody> {
  if (!announcesBody(req)) return NOTHING;
  requireJson(req);
  const raw = await readAll(req, limitBytes, timeoutMs);
  return { raw, value: raw.length === 0 ? undefined : parseJson(raw) };
}

/**
 * As {@link readJsonBody}, but tells `hear` what was sent before anything about its type or its JSON
 * can be found wrong.
 */
export async function readHeardBody(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
  hear: (text: string) => void,
): Promise<ReadBody> {
  if (!announcesBody(req)) return NOTHING;
  const raw = await readAll(req, limitBytes, timeoutMs);
  hear(raw.toString('utf8'));
  requireJson(req);
  return { raw, value: raw.length === 0 ? undefined : parseJson(raw) };
}

function requireJson(req: IncomingMessage): void {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').split(';');
  const charset = parameters.find((parameter) => /^\s*charset=/i.test(parameter));
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (
    !JSON_TYPE.test(type.trim()) ||
    (charset !== undefined && !/^\s*charset="?utf-?8"?\s*$/i.test(charset)) ||
    encoding !== 'identity'
  ) {
    throw new HoldfastError('unsupported_media_type', 'The body must be application/json in UTF-8');
  }
}

function tooLarge(limitBytes: number): HoldfastError {
  return new HoldfastError('payload_too_large', `The body must not exceed ${limitBytes} bytes`);
}

export function readAll(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      act();
    };
    const refuse = (fault: HoldfastError): void => {
      req.pause();
      settle(() => reject(fault));
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > DISCARD_LIMIT_BYTES) refuse(tooLarge(limitBytes));
      else if (size > limitBytes) chunks.length = 0;
      else chunks.push(chunk);
    };
    const onEnd = (): void =>
      settle(() => {
        if (size > limitBytes) reject(tooLarge(limitBytes));
        else resolve(Buffer.concat(chunks, size));
      });
    const onError = (): void => settle(() => reject(broken()));
    const onClose = onError;
    const timer = setTimeout(() => refuse(tooSlow(timeoutMs)), timeoutMs);
    req.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

function broken(): HoldfastError {
  return new HoldfastError('malformed_request', 'The body ended before it was complete');
}

function tooSlow(timeoutMs: number): HoldfastError {
  return new HoldfastError('malformed_request', `The body was not sent within ${timeoutMs} ms`);
}

function parseJson(raw: Buffer): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw new HoldfastError('malformed_request', 'The body is not valid JSON');
  }
  checkJson(text);
  return value;
}
