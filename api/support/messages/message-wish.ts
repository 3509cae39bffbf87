import { createHash } from 'node:crypto';
import { HoldfastError } from '../../../domain/errors.ts';
import type { FieldFault } from '../../../domain/errors.ts';
import { isUuid } from '../../../domain/ids.ts';
import { MESSAGE_TYPES } from '../dialect.ts';
import type { MessageType } from '../dialect.ts';

export const LONGEST_MESSAGE = 10_000;
const LONGEST_CLIENT_ID = 200;
const MOST_ATTACHMENTS = 10;
const LONGEST_URL = 2_000;
const LONGEST_FILENAME = 255;

/** One of version B's `attachments`: a file of ours, or a link that is stored as said. */
export interface AttachmentWish {
  readonly url: string;
  readonly type: string | null;
  readonly filename: string | null;
  /** Bytes. */
  readonly size: number | null;
}

/** A message that somebody wants to send. */
export interface MessageWish {
  readonly sessionId: string;
  readonly text: string;
  readonly type: MessageType;
  readonly replyTo: string | null;
  readonly attachments: readonly AttachmentWish[];
  readonly isEncrypted: boolean;
  readonly clientMessageId: string | null;
}

/**
 * Reads a message in either version's shape. `faults` is empty exactly when there is a wish; what
 * can't be read is the sender's fault, never ours.
 */
export function readMessageWish(body: unknown): {
  readonly wish: MessageWish | null;
  readonly faults: readonly FieldFault[];
} {
  const fields = asRecord(body);
  if (fields === null) return refused('body', 'must be an object');
  const reader = new Reader();
  const { text, type } = readText(reader, fields);
  const wish: MessageWish = {
    sessionId: reader.uuid('sessionId', fields['sessionId']) ?? '',
    text,
    type,
    replyTo: isAbsent(fields['replyTo']) ? null : reader.uuid('replyTo', idIn(fields['replyTo'])),
    attachments: readAttachments(reader, fields['attachments']),
    isEncrypted: reader.flag('isEncrypted', fields['isEncrypted']),
    clientMessageId: reader.text('clientMessageId', fields['clientMessageId'], LONGEST_CLIENT_ID),
  };
  if (text.trim() === '' && wish.attachments.length === 0) reader.fault('message', 'is missing');
  return { wish: reader.faults.length === 0 ? wish : null, faults: reader.faults };
}

/** The new text of an edit, in either version's shape. Null with `faults` where there is none. */
export function readEdit(body: unknown): {
  readonly text: string | null;
  readonly faults: readonly FieldFault[];
} {
  const fields = asRecord(body);
  if (fields === null) return { text: null, ...refused('body', 'must be an object') };
  const reader = new Reader();
  const { text } = readText(reader, fields);
  if (text.trim() === '') reader.fault('message', 'is missing');
  return { text: reader.faults.length === 0 ? text : null, faults: reader.faults };
}

/** What the sender's client calls a message, as it is stored. */
export function clientKeyOf(clientMessageId: string | null): Buffer | null {
  return clientMessageId === null ? null : createHash('sha256').update(clientMessageId).digest();
}

/** What a body that doesn't fit is answered with. */
export function malformed(faults: readonly FieldFault[]): HoldfastError {
  const [first] = faults;
  const message =
    first === undefined ? 'The message does not fit' : `${first.field} ${first.message}`;
  return new HoldfastError('malformed_request', message, { fields: faults });
}

class Reader {
  readonly faults: FieldFault[] = [];

  fault(field: string, message: string): null {
    this.faults.push({ field, message });
    return null;
  }

  text(field: string, value: unknown, longest: number): string | null {
    if (isAbsent(value)) return null;
    if (typeof value !== 'string') return this.fault(field, 'must be a text');
    // PostgreSQL stores no NUL, and what is no Unicode can't be read back as it was.
    if (value.includes('\0') || !value.isWellFormed()) return this.fault(field, 'is unreadable');
    if (value.length > longest) {
      return this.fault(field, `must not be longer than ${longest} characters`);
    }
    return value;
  }

  uuid(field: string, value: unknown): string | null {
    const id = typeof value === 'string' ? value.toLowerCase() : '';
    return isUuid(id) ? id : this.fault(field, 'must be a UUID');
  }

  flag(field: string, value: unknown): boolean {
    if (isAbsent(value)) return false;
    if (typeof value === 'boolean') return value;
    this.fault(field, 'must be true or false');
    return false;
  }

  oneOf<Word extends string>(field: string, value: unknown, words: readonly Word[]): Word | null {
    if (isAbsent(value)) return null;
    const word = words.find((candidate) => candidate === value);
    return word ?? this.fault(field, `must be one of ${words.join(', ')}`);
  }
}

/** Version A's `content`, a text or an object; version B's `message` and `messageType`. */
function readText(
  reader: Reader,
  fields: Readonly<Record<string, unknown>>,
): { readonly text: string; readonly type: MessageType } {
  const { content } = fields;
  const inside = asRecord(content);
  if (inside === null && !isAbsent(content) && typeof content !== 'string') {
    reader.fault('content', 'must be a text or an object');
  }
  const inA = inside === null ? { field: 'content', value: content } : null;
  const place = inA ?? { field: 'content.text', value: inside?.['text'] };
  const text = isAbsent(place.value)
    ? reader.text('message', fields['message'], LONGEST_MESSAGE)
    : reader.text(place.field, place.value, LONGEST_MESSAGE);
  const type =
    reader.oneOf('content.type', inside?.['type'], MESSAGE_TYPES) ??
    reader.oneOf('messageType', fields['messageType'], MESSAGE_TYPES);
  return { text: text ?? '', type: type ?? 'text' };
}

function readAttachments(reader: Reader, value: unknown): AttachmentWish[] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value) || value.length > MOST_ATTACHMENTS) {
    reader.fault('attachments', `must be a list of at most ${MOST_ATTACHMENTS}`);
    return [];
  }
  return value.map((one: unknown, at) => readAttachment(reader, `attachments.${at}`, one));
}

function readAttachment(reader: Reader, field: string, value: unknown): AttachmentWish {
  const fields = asRecord(value) ?? {};
  const url = reader.text(`${field}.url`, fields['url'], LONGEST_URL) ?? '';
  if (url === '') reader.fault(`${field}.url`, 'is missing');
  const size = fields['size'];
  const isSize = isAbsent(size) || (Number.isSafeInteger(size) && Number(size) >= 0);
  if (!isSize) reader.fault(`${field}.size`, 'must be a number of bytes');
  return {
    url,
    type: reader.text(`${field}.type`, fields['type'], LONGEST_FILENAME),
    filename: reader.text(`${field}.filename`, fields['filename'], LONGEST_FILENAME),
    size: isSize && !isAbsent(size) ? Number(size) : null,
  };
}

/** Clients of version B may send back the object that they were given. */
function idIn(value: unknown): unknown {
  const fields = asRecord(value);
  return fields === null ? value : (fields['_id'] ?? fields['id']);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function refused(
  field: string,
  message: string,
): {
  readonly wish: null;
  readonly faults: readonly FieldFault[];
} {
  return { wish: null, faults: [{ field, message }] };
}
