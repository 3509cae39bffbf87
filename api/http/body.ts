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
/** So much of the beginning of a body that can not be had whole is heard: it is read at once. */
const HEARD_BYTES = 32 * 1024;
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
 * can be found wrong; of a body that is too large, too slow or breaks off, how it begins.
 */
export async function readHeardBody(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
  hear: (text: string) => void,
): Promise<ReadBody> {
  if (!announcesBody(req)) return NOTHING;
  const hearBytes = (bytes: Buffer): void => hear(bytes.toString('utf8'));
  const raw = await readAll(req, limitBytes, timeoutMs, hearBytes);
  hearBytes(raw);
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

/** `onFailure` gets the beginning of what can not be had whole. */
export function readAll(
  req: IncomingMessage,
  limitBytes: number,
  timeoutMs: number,
  onFailure: (beginning: Buffer) => void = () => undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      act();
    };
    const fail = (fault: HoldfastError): void =>
      settle(() => {
        onFailure(beginningOf(chunks));
        reject(fault);
      });
    const refuse = (fault: HoldfastError): void => {
      req.pause();
      fail(fault);
    };
    const onData = (chunk: Buffer): void => {
      const isFirstTooMuch = size <= limitBytes && size + chunk.length > limitBytes;
      size += chunk.length;
      if (size > DISCARD_LIMIT_BYTES) refuse(tooLarge(limitBytes));
      else if (size <= limitBytes) chunks.push(chunk);
      else if (isFirstTooMuch) chunks = [beginningOf([...chunks, chunk])];
    };
    const onEnd = (): void => {
      if (size > limitBytes) fail(tooLarge(limitBytes));
      else settle(() => resolve(Buffer.concat(chunks, size)));
    };
    const onError = (): void => fail(broken());
    const onClose = onError;
    const timer = setTimeout(() => refuse(tooSlow(timeoutMs)), timeoutMs);
    if (req.destroyed) {
      // It broke off before anybody read it: what had come is still there, but no event tells of it.
      chunks = [(req.read() as Buffer | null) ?? Buffer.alloc(0)];
      fail(broken());
      return;
    }
    req.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

function beginningOf(chunks: readonly Buffer[]): Buffer {
  // Copied, so that no large chunk is held on to.
  return Buffer.from(Buffer.concat(chunks).subarray(0, HEARD_BYTES));
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
