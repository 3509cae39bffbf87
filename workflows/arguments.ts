import { ApplicationFailure } from '@temporalio/workflow';
import type { ErrorCode } from '../domain/errors.ts';

/** Fails a caller's message, and nothing else, with a code of the vocabulary. */
export function refusal(code: ErrorCode, message: string, details?: object): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: true,
    ...(details === undefined ? {} : { details: [details] }),
  });
}

export function field(message: unknown, name: string): unknown {
  return typeof message === 'object' && message !== null ? Reflect.get(message, name) : undefined;
}

/** A text in a message of unknown shape; null where there is none. */
export function textField(message: unknown, name: string): string | null {
  const value = field(message, name);
  return typeof value === 'string' ? value : null;
}
