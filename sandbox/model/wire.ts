import type { Response } from 'express';

export interface Completion {
  readonly id: string;
  readonly model: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly text: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Words with the blanks before them: near enough to tokens. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}

function usageOf({ promptTokens, completionTokens }: Completion): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

export function sendCompletion(res: Response, completion: Completion): void {
  const { id, model, created, text } = completion;
  const message = { role: 'assistant', content: text, refusal: null };
  res.json({
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: usageOf(completion),
  });
}

/** Server-sent events: a chunk for each word, the end, the usage where it was asked for, `[DONE]`. */
export async function sendStream(
  res: Response,
  completion: Completion,
  includesUsage: boolean,
): Promise<void> {
  const { id, model, created, text } = completion;
  const send = (part: object): void => {
    const chunk = { id, object: 'chat.completion.chunk', created, model, ...part };
    res.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const choice = (delta: object, finish: string | null): object => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(includesUsage ? { usage: null } : {}),
  });
  res.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  send(choice({ role: 'assistant', content: '' }, null));
  for (const word of wordsOf(text)) {
    send(choice({ content: word }, null));
    // Lets each word leave by itself, as a real one's would.
    await new Promise((resolve) => setImmediate(resolve));
  }
  send(choice({}, 'stop'));
  if (includesUsage) send({ choices: [], usage: usageOf(completion) });
  res.end('data: [DONE]\n\n');
}
