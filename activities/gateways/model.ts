import type OpenAI from 'openai';
import { type EndpointFault, type EndpointSettings, faultOf, openClient } from './openai-client.ts';

/** An endpoint that speaks chat completions. */
export interface ModelSettings extends EndpointSettings {
  readonly maxOutputTokens: number;
  /** Currency units for a million tokens; so, too, millionths of a unit for one. */
  readonly inputPrice: number;
  readonly outputPrice: number;
}

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * `paused`: it failed several times in a row and is left alone for a while; `refused`: the endpoint
 * does not accept our requests, which is for a human to see to; `stopped`: by the caller's check.
 */
export type ModelFault = EndpointFault | 'paused' | 'stopped';

export type ModelReply = (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly fault: ModelFault }
) & {
  /** What it cost, in millionths of the currency; null where the endpoint did not say. */
  readonly costMicros: number | null;
};

export interface ModelGateway {
  readonly model: string;
  /** It failed several times in a row and is left alone for a while. */
  isPaused(): boolean;
  /** The most that a reply to these messages can cost, in millionths of the currency. */
  ceilingOf(messages: readonly ModelMessage[]): number;
  /**
   * Asks for a reply. `onText` gets all of the text so far whenever there is more, of too long a one
   * the beginning, and says whether to go on; the next text waits for it. Never throws.
   */
  reply(
    messages: readonly ModelMessage[],
    onText?: (textSoFar: string) => Promise<boolean>,
  ): Promise<ModelReply>;
}

/** So many failures in a row, and nobody waits for it again for a while. */
const FAILURES_UNTIL_PAUSE = 3;
const PAUSE_MS = 20_000;
/** Nobody reads a reply as long as this. */
const LONGEST_TEXT = 8_000;
/** However much comes at once. */
const LONGEST_HEARD = 4 * LONGEST_TEXT;
/** A message costs a few tokens besides those of its text; no token is shorter than a byte. */
const TOKENS_BESIDE = 8;

export function createModelGateway(
  settings: ModelSettings,
  now: () => number = () => performance.now(),
): ModelGateway {
  const client = openClient(settings);
  const breaker = { failures: 0, pausedUntil: 0 };
  return {
    model: settings.model,
    isPaused: () => now() < breaker.pausedUntil,
    ceilingOf: (messages) => {
      const bytes = messages.map(({ content }) => Buffer.byteLength(content) + TOKENS_BESIDE);
      const inputTokens = bytes.reduce((sum, one) => sum + one, 0);
      return costOf(settings, inputTokens, settings.maxOutputTokens);
    },
    async reply(messages, onText = () => Promise.resolve(true)) {
      if (now() < breaker.pausedUntil) return { kind: 'fault', fault: 'paused', costMicros: 0 };
      const reply = await ask(client, settings, messages, onText);
      // What the caller did not like says nothing of the next reply.
      const hasFailed = reply.kind === 'fault' && reply.fault !== 'stopped';
      breaker.failures = hasFailed ? breaker.failures + 1 : 0;
      if (breaker.failures >= FAILURES_UNTIL_PAUSE) breaker.pausedUntil = now() + PAUSE_MS;
      return reply;
    },
  };
}

async function ask(
  client: OpenAI,
  settings: ModelSettings,
  messages: readonly ModelMessage[],
  onText: (textSoFar: string) => Promise<boolean>,
): Promise<ModelReply> {
  const deadline = AbortSignal.timeout(settings.timeoutMs);
  const told: Told = { text: '', costMicros: null, isCutOff: false };
  try {
    const stream = await client.chat.completions.create(
      {
        model: settings.model,
        messages: messages.map(({ role, content }) => ({ role, content })),
        max_tokens: settings.maxOutputTokens,
        temperature: 0.4,
        stream: true,
        stream_options: { include_usage: true },
      },
      { signal: deadline },
    );
    for await (const chunk of stream) {
      const hasMore = take(settings, told, chunk);
      if (told.text.length > LONGEST_TEXT) {
        // It is no reply, but there may be danger in it.
        await onText(told.text.slice(0, LONGEST_HEARD));
        return fault('unreadable', told);
      }
      if (hasMore && !(await onText(told.text))) return fault('stopped', told);
    }
    // The client ends a stream that is aborted as if it were complete.
    if (deadline.aborted) return fault('timeout', told);
    return told.text.trim() === '' || told.isCutOff
      ? fault('unreadable', told)
      : { kind: 'text', text: told.text, costMicros: told.costMicros };
  } catch (error) {
    return fault(deadline.aborted ? 'timeout' : faultOf(error), told);
  }
}

interface Told {
  text: string;
  costMicros: number | null;
  /** The endpoint's own filter ended it. */
  isCutOff: boolean;
}

/** True where the text has grown. Whatever an endpoint sends is taken as far as it can be read. */
function take(
  settings: ModelSettings,
  told: Told,
  chunk: OpenAI.Chat.Completions.ChatCompletionChunk,
): boolean {
  const { usage } = chunk;
  if (usage !== null && usage !== undefined) {
    told.costMicros = toldCost(settings, usage.prompt_tokens, usage.completion_tokens);
  }
  const [choice] = Array.isArray(chunk.choices) ? chunk.choices : [];
  if (choice?.finish_reason === 'content_filter') told.isCutOff = true;
  const more: unknown = choice?.delta?.content;
  if (typeof more !== 'string' || more === '') return false;
  told.text += more;
  return true;
}

/** As an endpoint told it, whatever that is; null where it can't be read, which is not to say free. */
function toldCost(
  settings: ModelSettings,
  inputTokens: unknown,
  outputTokens: unknown,
): number | null {
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  const micros = costOf(settings, inputTokens, outputTokens);
  return Number.isSafeInteger(micros) ? micros : null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function costOf(
  { inputPrice, outputPrice }: ModelSettings,
  inputTokens: number,
  outputTokens: number,
): number {
  return Math.ceil(inputTokens * inputPrice + outputTokens * outputPrice);
}

function fault(reason: ModelFault, { costMicros }: Told): ModelReply {
  return { kind: 'fault', fault: reason, costMicros };
}
