import { isUuid } from '../../domain/ids.ts';
import { FieldReader } from '../support/sessions/fields.ts';
import type { OpeningDetails } from './sealed-texts.ts';

export const LONGEST_WORDS = 10_000;
const MOST_BEFORE = 50;
const LONGEST_CONTEXT = 60_000;
const LONGEST_ID = 200;
const MOST_TOPICS = 30;
const LONGEST_TOPIC = 100;

/** Something that was said before, as the client tells it. */
export interface Before {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** What somebody wants of the companion, in either version's shape. */
export interface TurnWish {
  /** Null where the companion is to begin. */
  readonly text: string | null;
  readonly conversationId: string | null;
  /** A conversation's, or one of the person's own support sessions. */
  readonly sessionId: string | null;
  readonly isAnonymous: boolean | null;
  readonly details: OpeningDetails;
  readonly before: readonly Before[];
  /** Whoever is handed over to a human lets them have a summary, said ahead. */
  readonly sharesSummary: boolean;
  readonly options: ReplyOptions;
}

/** How much of the answer is shown; the detector reads along whatever is said here. */
export interface ReplyOptions {
  readonly showsResources: boolean;
  readonly showsSuggestions: boolean;
  readonly showsAnalysis: boolean;
}

/** `POST /api/ai/chat`. Throws `malformed_request`. */
export function readChat(body: unknown): TurnWish {
  const fields = new FieldReader(body);
  const context = inner(fields, 'context', LONGEST_CONTEXT);
  const options = readOptions(fields);
  const wish: TurnWish = {
    text: readWords(fields),
    conversationId: fields.text('conversationId', LONGEST_ID),
    sessionId: fields.text('sessionId', LONGEST_ID),
    isAnonymous: null,
    details: {
      mood: context.text('userMood', LONGEST_TOPIC),
      language: null,
      style: null,
      goals: [],
      topics: context.texts('previousTopics', MOST_TOPICS, LONGEST_TOPIC) ?? [],
    },
    before: readBefore(body),
    ...options,
  };
  context.check();
  fields.check();
  return wish;
}

/** `POST /api/ai/continue`. Throws `malformed_request`. */
export function readContinuation(body: unknown): TurnWish {
  const wish = readChat(body);
  if (wish.conversationId !== null || wish.sessionId !== null) return wish;
  const fields = new FieldReader(body);
  fields.fault('conversationId', 'is missing');
  fields.check();
  return wish;
}

/** `POST /api/chatbot/session`. Throws `malformed_request`. */
export function readChatbotSession(body: unknown): TurnWish {
  const fields = new FieldReader(body ?? {});
  const preferences = inner(fields, 'preferences', LONGEST_CONTEXT);
  const context = inner(fields, 'context', LONGEST_CONTEXT);
  const text = fields.text('initialMessage', LONGEST_WORDS);
  const wish: TurnWish = {
    text: text === null || text.trim() === '' ? null : text,
    conversationId: null,
    sessionId: null,
    isAnonymous: fields.flag('isAnonymous'),
    details: {
      mood: context.text('currentMood', LONGEST_TOPIC),
      language: preferences.text('language', 35),
      style: preferences.text('communicationStyle', LONGEST_TOPIC),
      goals: preferences.texts('sessionGoals', MOST_TOPICS, LONGEST_TOPIC) ?? [],
      topics: [],
    },
    before: [],
    ...readOptions(fields),
  };
  for (const part of [preferences, context, fields]) part.check();
  return wish;
}

function readWords(fields: FieldReader): string {
  const text = fields.text('message', LONGEST_WORDS);
  if (text === null ? !fields.has('message') : text.trim() === '') {
    fields.fault('message', 'is missing');
  }
  if (text !== null && !text.isWellFormed()) fields.fault('message', 'is unreadable');
  return text ?? '';
}

function readOptions(fields: FieldReader): Pick<TurnWish, 'options' | 'sharesSummary'> {
  const options = inner(fields, 'options', LONGEST_CONTEXT);
  const read = {
    sharesSummary: options.flag('shareSummary') ?? false,
    options: {
      showsResources: options.flag('includeResources') ?? true,
      showsSuggestions: options.flag('generateSuggestions') ?? true,
      showsAnalysis: options.flag('crisisDetection') ?? true,
    },
  };
  options.check();
  return read;
}

function inner(fields: FieldReader, name: string, most: number): FieldReader {
  return new FieldReader(fields.object(name, most) ?? {});
}

/** As far as it can be read: it is the client's own record. */
function readBefore(body: unknown): Before[] {
  const context: unknown = Object(body).context;
  const given: unknown = Object(context).previousMessages;
  if (!Array.isArray(given)) return [];
  return given.slice(-MOST_BEFORE).flatMap((one: unknown): Before[] => {
    const { role, content } = Object(one) as Record<string, unknown>;
    const isKnown = role === 'user' || role === 'assistant';
    if (!isKnown || typeof content !== 'string') return [];
    return [{ role, text: content.replaceAll('\0', '').slice(0, LONGEST_WORDS) }];
  });
}

/**
 * All that a person may have written in a body, for the detector: what they say now comes first, so
 * that it is read on from what they said before. What the companion said is none of it; `told` may
 * stand for fewer of the earlier messages than their client repeats.
 */
export function personsWords(body: unknown, told: readonly unknown[] = toldIn(body)): unknown {
  if (!isRecord(body)) return body;
  const { message, initialMessage, context, conversationId, sessionId, ...rest } = body;
  // The digits of an id may spell anything.
  const ids = [conversationId, sessionId].filter((id) => !isId(id));
  const words = [message, initialMessage, around(context, told), rest, ...ids];
  return words.filter((part) => part !== undefined);
}

/** The earlier messages in a body that aren't the companion's, unchecked. */
export function toldIn(body: unknown): readonly unknown[] {
  const given: unknown = Object(Object(body).context).previousMessages;
  if (!Array.isArray(given)) return [];
  return given.filter((one: unknown) => Object(one).role !== 'assistant');
}

function around(context: unknown, told: readonly unknown[]): unknown {
  if (!isRecord(context)) return context;
  const { previousMessages, ...others } = context;
  return Array.isArray(previousMessages) ? [told, others] : context;
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && isUuid(value.toLowerCase());
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
