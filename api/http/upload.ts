import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { fileTypeFromBuffer } from 'file-type';
import multer, { MulterError } from 'multer';
import { v7 as newId } from 'uuid';
import type { FileStore } from '../../activities/gateways/file-store.ts';
import { newFileKey, sealingStream } from '../../crypto/sealed-stream.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { announcesBody } from './body.ts';
import type { ReadBody } from './body.ts';

/** A file as it came in: sealed in the store already, and gone again unless somebody keeps it. */
export interface UploadedFile {
  readonly id: string;
  /** As its client calls it. */
  readonly filename: string;
  /** By its bytes; null for what nobody knows. */
  readonly mediaType: string | null;
  readonly sizeBytes: number;
  /** The key that it is sealed under. */
  readonly key: Buffer;
  /** How a text begins; null for other files. */
  readonly text: string | null;
  /** Lets it stay in the store. */
  keep(): void;
}

/** The body of an upload: its fields, and its one file. */
export interface UploadBody {
  readonly [field: string]: unknown;
  readonly file: UploadedFile | null;
}

export interface UploadOptions {
  readonly store: FileStore;
  readonly maxBytes: number;
}

const FORM = /^multipart\/form-data\s*;/i;
const MOST_FIELDS = 8;
const LONGEST_FIELD = 1_000;
/** So much of a file tells its type. */
const HEAD_BYTES = 8_192;
/** So much of a text is read for cries for help. */
const TEXT_BYTES = 256 * 1_024;

/** Binds a file's bytes to its id. */
export function fileContext(id: string): string {
  return `attachment/${id}`;
}

/**
 * Takes in one file of a form, straight into the store and sealed on its way. Throws
 * `unsupported_media_type` for anything but a form, `payload_too_large`, `malformed_request`. The
 * caller releases the body in the end: what was not kept is removed.
 */
export async function readUpload(
  req: Request,
  res: Response,
  { store, maxBytes }: UploadOptions,
): Promise<ReadBody> {
  if (!announcesBody(req)) {
    throw new HoldfastError('malformed_request', 'The request must have a body');
  }
  if (!FORM.test(req.headers['content-type'] ?? '')) {
    throw new HoldfastError('unsupported_media_type', 'The body must be multipart/form-data');
  }
  const reception = new Reception(store);
  const limits = { fileSize: maxBytes, files: 1, fields: MOST_FIELDS, parts: MOST_FIELDS + 1 };
  const receive = multer({
    storage: reception,
    limits: { ...limits, fieldSize: LONGEST_FIELD, fieldNameSize: 100 },
    defParamCharset: 'utf8',
  }).single('file');
  try {
    await new Promise<void>((resolve, reject) => {
      receive(req, res, (fault: unknown) => (fault === undefined ? resolve() : reject(fault)));
    });
  } catch (fault) {
    await reception.release();
    throw refusal(fault, maxBytes);
  }
  const value: UploadBody = { ...(req.body as object), file: reception.file };
  const { file, ...fields } = value;
  const raw = Buffer.from(
    JSON.stringify({ ...fields, digest: reception.digest, name: file?.filename }),
  );
  return { raw, value, fields, release: () => reception.release() };
}

function refusal(fault: unknown, maxBytes: number): Error {
  if (fault instanceof MulterError && fault.code === 'LIMIT_FILE_SIZE') {
    return new HoldfastError('payload_too_large', `The file must not exceed ${maxBytes} bytes`);
  }
  // What the disk says is ours to mend; all else is what was sent.
  const isOurs = fault instanceof Error && 'syscall' in fault;
  if (isOurs) return fault;
  return new HoldfastError('malformed_request', 'The form must have fields and one file, `file`');
}

/** Where the form's file goes; one for each request. */
class Reception implements multer.StorageEngine {
  file: UploadedFile | null = null;
  digest = '';
  readonly #store: FileStore;
  readonly #unkept = new Set<string>();
  #isOver = false;

  constructor(store: FileStore) {
    this.#store = store;
  }

  _handleFile(
    _req: unknown,
    part: Express.Multer.File,
    done: (error?: unknown, info?: Partial<Express.Multer.File>) => void,
  ): void {
    this.#receive(part.stream, part.originalname).then(
      (size) => done(null, { size }),
      (error: unknown) => done(error),
    );
  }

  /** All that was not kept goes when the request ends. */
  _removeFile(_req: unknown, _part: unknown, done: (error: Error | null) => void): void {
    done(null);
  }

  async release(): Promise<void> {
    this.#isOver = true;
    const ids = [...this.#unkept];
    this.#unkept.clear();
    await Promise.all(ids.map((id) => this.#store.remove(id)));
  }

  async #receive(stream: Readable, filename: string): Promise<number> {
    const [id, key, inspector] = [newId(), newFileKey(), new Inspector()];
    this.#unkept.add(id);
    try {
      const target = await this.#store.write(id);
      await pipeline(stream, inspector, sealingStream(key, fileContext(id)), target);
    } catch (error) {
      this.#unkept.delete(id);
      await this.#store.remove(id);
      throw error;
    }
    // Whoever has given up on the request meanwhile removes nothing any more.
    if (this.#isOver) await this.#store.remove(id);
    const { sizeBytes } = inspector;
    const mediaType = await inspector.mediaType();
    const text = mediaType === 'text/plain' ? inspector.text() : null;
    const keep = (): void => void this.#unkept.delete(id);
    this.file = { id, filename, mediaType, sizeBytes, key, text, keep };
    this.digest = inspector.digest();
    return sizeBytes;
  }
}

/** Looks at a file on its way: how large it is, what it is, and what it says. */
class Inspector extends Transform {
  sizeBytes = 0;
  readonly #hash = createHash('sha256');
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #isText = true;

  override _transform(chunk: Buffer, _encoding: string, done: (e: null, c: Buffer) => void): void {
    this.sizeBytes += chunk.length;
    this.#hash.update(chunk);
    if (this.#headBytes < TEXT_BYTES) this.#head.push(chunk);
    this.#headBytes += chunk.length;
    this.#isText &&= this.#reads(chunk);
    done(null, chunk);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  /** By the bytes; a text is what has no type of its own and reads as one to its end. */
  async mediaType(): Promise<string | null> {
    const known = await fileTypeFromBuffer(Buffer.concat(this.#head).subarray(0, HEAD_BYTES));
    if (known !== undefined) return known.mime;
    return this.#isText && this.sizeBytes > 0 ? 'text/plain' : null;
  }

  text(): string {
    return Buffer.concat(this.#head).toString('utf8').slice(0, TEXT_BYTES);
  }

  #reads(chunk: Buffer): boolean {
    try {
      // No text has control characters other than those that move the line.
      return !UNTYPED.test(this.#decoder.decode(chunk, { stream: true }));
    } catch {
      return false;
    }
  }
}

const UNTYPED = /[^\t\n\v\f\r\P{Cc}]/u;
