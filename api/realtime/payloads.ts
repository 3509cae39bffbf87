import { isUuid } from '../../domain/ids.ts';

/** What a payload says under a name, whatever the payload is. */
export function said(payload: unknown, name: string): unknown {
  return typeof payload === 'object' && payload !== null ? Reflect.get(payload, name) : undefined;
}

export interface SessionRef {
  readonly sessionId: string;
}

export function parseSessionRef(payload: unknown): SessionRef | null {
  const sessionId = said(payload, 'sessionId');
  return typeof sessionId === 'string' && isUuid(sessionId) ? { sessionId } : null;
}

export interface JoinRequest extends SessionRef {
  /** The last message that the client has, by its number or its id: what came after it is sent. */
  readonly after: { readonly number: number } | { readonly id: string } | null;
}

export function parseJoin(payload: unknown): JoinRequest | null {
  const ref = parseSessionRef(payload);
  if (ref === null) return null;
  const number = said(payload, 'lastMessageNumber') ?? null;
  const id = said(payload, 'lastMessageId') ?? null;
  if (number !== null) {
    const isNumber = typeof number === 'number' && Number.isInteger(number);
    return isNumber && number >= 0 ? { ...ref, after: { number } } : null;
  }
  if (id === null) return { ...ref, after: null };
  return typeof id === 'string' && isUuid(id) ? { ...ref, after: { id } } : null;
}

export interface TypingNews extends SessionRef {
  readonly isTyping: boolean;
}

export function parseTyping(payload: unknown): TypingNews | null {
  const ref = parseSessionRef(payload);
  const isTyping = said(payload, 'isTyping') ?? true;
  return ref !== null && typeof isTyping === 'boolean' ? { ...ref, isTyping } : null;
}

export interface AlertRef {
  readonly alertId: string;
  /** What the caller notes about it. */
  readonly note: string | null;
}

const LONGEST_NOTE = 5_000;

export function parseAlertRef(payload: unknown): AlertRef | null {
  const alertId = said(payload, 'alertId');
  const note = said(payload, 'note') ?? null;
  const isNote = note === null || (typeof note === 'string' && note.length <= LONGEST_NOTE);
  return typeof alertId === 'string' && isUuid(alertId) && isNote ? { alertId, note } : null;
}
