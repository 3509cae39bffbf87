import type { Answer } from '../http/handler.ts';

/**
 * The two published versions of the support API, side by side. Position decides which one a
 * caller reads: version A's shape stands under `data`, version B's at the top level, and both are
 * made of the same object.
 */
export interface BothShapes {
  readonly message?: string;
  /** Version A's `data`, exactly. */
  readonly a?: Readonly<Record<string, unknown>>;
  /** Version B's top level, exactly. `success` and `message` are shared; nobody has `data` there. */
  readonly b?: Readonly<Record<string, unknown>> & {
    readonly success?: never;
    readonly message?: never;
    readonly data?: never;
  };
}

/** An answer that callers of both versions understand. */
export function inBothShapes(status: number, { message, a, b }: BothShapes): Answer {
  return {
    status,
    body: {
      ...b,
      success: true,
      ...(message === undefined ? {} : { message }),
      ...(a === undefined ? {} : { data: a }),
    },
  };
}

export function iso(instant: Date): string;
export function iso(instant: Date | null): string | null;
export function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}

/** How urgent something is: version A's words, which are the product's own. */
export const URGENCIES = ['low', 'medium', 'high', 'critical'] as const;
export type Urgency = (typeof URGENCIES)[number];

export const SEVERITIES = ['mild', 'moderate', 'severe', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Reads an urgency in either version's word; null for any other word. */
export function readUrgency(word: unknown): Urgency | null {
  const own = URGENCIES.find((urgency) => urgency === word);
  if (own !== undefined) return own;
  const index = SEVERITIES.findIndex((severity) => severity === word);
  return URGENCIES[index] ?? null;
}

/** Version B's word. */
export function severityOf(urgency: Urgency): Severity {
  return SEVERITIES[URGENCIES.indexOf(urgency)]!;
}

/** Who helps: version B's `helperType`. */
export const HELPER_TYPES = ['peer', 'counselor', 'chatbot'] as const;
export type HelperType = (typeof HELPER_TYPES)[number];

/** Version A's `type` of a session. */
export const SESSION_TYPES = ['peer_support', 'counselor_session', 'crisis_intervention'] as const;
export type SessionType = (typeof SESSION_TYPES)[number];

const HELPER_OF_TYPE: Readonly<Record<SessionType, HelperType>> = {
  peer_support: 'peer',
  counselor_session: 'counselor',
  crisis_intervention: 'counselor',
};

const TYPE_OF_HELPER: Readonly<Record<HelperType, SessionType>> = {
  peer: 'peer_support',
  counselor: 'counselor_session',
  chatbot: 'peer_support',
};

/** Reads a helper's type in B's word or A's type of a session; null for any other word. */
export function readHelperType(word: unknown): HelperType | null {
  const own = HELPER_TYPES.find((type) => type === word);
  if (own !== undefined) return own;
  const type = SESSION_TYPES.find((candidate) => candidate === word);
  return type === undefined ? null : HELPER_OF_TYPE[type];
}

/** Reads A's type of a session, or that which B's type of helper comes to; null for any other word. */
export function readSessionType(word: unknown): SessionType | null {
  const own = SESSION_TYPES.find((type) => type === word);
  if (own !== undefined) return own;
  const helper = HELPER_TYPES.find((type) => type === word);
  return helper === undefined ? null : TYPE_OF_HELPER[helper];
}

/** States of a support session as the two versions tell them; the product's own words are first. */
const STATUS_WORDS = {
  waiting: { a: 'pending', b: 'waiting' },
  active: { a: 'active', b: 'active' },
  escalated: { a: 'active', b: 'escalated' },
  closed: { a: 'completed', b: 'closed' },
  cancelled: { a: 'cancelled', b: 'closed' },
} as const;

export type SupportStatus = keyof typeof STATUS_WORDS;

export function statusWords(status: SupportStatus): (typeof STATUS_WORDS)[SupportStatus] {
  return STATUS_WORDS[status];
}

/** All states that a word of either version means; empty for any other word. */
export function readStatuses(word: unknown): readonly SupportStatus[] {
  const all = Object.keys(STATUS_WORDS) as SupportStatus[];
  return all.filter(
    (status) =>
      status === word || STATUS_WORDS[status].a === word || STATUS_WORDS[status].b === word,
  );
}

export interface Paging {
  /** From 1. */
  readonly page: number;
  readonly limit: number;
  readonly total: number;
  /** How many are on this page. */
  readonly count: number;
}

/** A's pagination: the `current` page, the `total` of pages, the `count` on this one. */
export function pagingInA({ page, limit, total, count }: Paging): Record<string, number> {
  return { current: page, total: Math.ceil(total / limit), count };
}

/** B's pagination; `totalName` is `totalSessions`, `totalAlerts` and the like. */
export function pagingInB(
  { page, limit, total }: Paging,
  totalName: string,
): Record<string, number | boolean> {
  const totalPages = Math.ceil(total / limit);
  return {
    currentPage: page,
    totalPages,
    [totalName]: total,
    hasNextPage: page < totalPages,
    hasPrevPage: page > 1,
  };
}

export const MESSAGE_TYPES = ['text', 'image', 'file', 'emoji'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What a message holds, in either version's shape: A's `content`, B's `message` and `messageType`. */
export interface MessageBody {
  readonly content?: string | { readonly text?: string; readonly type?: MessageType };
  readonly message?: string;
  readonly messageType?: MessageType;
}

/** The text and type of a message; null where there is no text in either place. */
export function readMessage(
  body: MessageBody,
): { readonly text: string; readonly type: MessageType } | null {
  const content = typeof body.content === 'string' ? { text: body.content } : body.content;
  const text = content?.text ?? body.message;
  if (text === undefined) return null;
  return { text, type: content?.type ?? body.messageType ?? 'text' };
}
