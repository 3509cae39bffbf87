import type { Request, Response } from 'express';
import { FAULT_KINDS } from './faults.ts';
import type { Fault } from './faults.ts';
import type { Settings } from './records.ts';

/** A control request that cannot be done; the message goes to the caller. */
export class ControlProblem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers with what `act` returns, as JSON, or with its `ControlProblem`. */
export async function reply(res: Response, act: () => unknown): Promise<void> {
  try {
    res.json(await act());
  } catch (error) {
    if (!(error instanceof ControlProblem)) throw error;
    res.status(error.status).json({ error: error.message });
  }
}

/** The id in the request's path. */
export function idIn(req: Request): string {
  return String(req.params['id'] ?? '');
}

/** The value, or 404 where there is none. */
export function found<T>(value: T | null | undefined): T {
  if (value !== null && value !== undefined) return value;
  throw new ControlProblem(404, 'There is no such object, or it is not in a state for this.');
}

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null
    ? (body as Record<string, unknown>)[name]
    : undefined;
}

/** A required text. */
export function text(body: unknown, name: string): string {
  const value = field(body, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new ControlProblem(400, `${name} must be a text.`);
}

/** A whole number of at least 0. */
export function whole(body: unknown, name: string, fallback: number): number {
  const value = field(body, name) ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ControlProblem(400, `${name} must be a whole number of at least 0.`);
}

export function flag(body: unknown, name: string): boolean {
  return field(body, name) === true;
}

/** One of the choices. */
export function pick<T extends string>(
  body: unknown,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const value = field(body, name) ?? fallback;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new ControlProblem(400, `${name} must be one of ${choices.join(', ')}.`);
}

/** The fault that a request asks for. */
export function faultIn(body: unknown): Fault {
  const method = field(body, 'method') === undefined ? '*' : text(body, 'method');
  return {
    method: method.toUpperCase(),
    path: text(body, 'path'),
    kind: pick(body, 'kind', FAULT_KINDS, 'error_500'),
    times: whole(body, 'times', 1),
    delayMs: whole(body, 'delayMs', 0),
  };
}

const ADJUSTABLE = [
  'delayedMs',
  'refundSettleMs',
  'disputeDelayMs',
  'shortAuthorizationMs',
  'latencyMs',
  'webhookRetryBaseMs',
  'webhookRetryCapMs',
] as const;

/** The settings that a request changes. */
export function changesToSettings(body: unknown): Partial<Settings> {
  const changes: Partial<Settings> = {};
  for (const name of ADJUSTABLE) {
    if (field(body, name) !== undefined) changes[name] = whole(body, name, 0);
  }
  return changes;
}
