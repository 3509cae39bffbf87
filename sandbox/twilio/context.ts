import type { Request, Response } from 'express';
import type { Faults } from '../faults.ts';
import type { Collection } from '../journal.ts';
import { TwilioSandboxError } from './errors.ts';
import type { CallRecord, MessageRecord } from './records.ts';
import type { Webhooks } from './webhooks.ts';

/**
 * - `timeout_after`: accepted and stored, yet the answer never arrives;
 * - `drop_after`: accepted and stored, then the connection breaks;
 * - `drop_before`: the connection breaks before anything is stored;
 * - `error_500`, `error_429`: refused with that status, nothing stored.
 */
export const TWILIO_FAULTS = [
  'timeout_after',
  'drop_after',
  'drop_before',
  'error_500',
  'error_429',
] as const;

export type TwilioFault = (typeof TWILIO_FAULTS)[number];

/** What the parts of the stand-in share. */
export interface TwilioContext {
  readonly accountSid: string;
  /** The account's own number: texts and calls come from it. */
  readonly number: string;
  readonly messages: Collection<MessageRecord>;
  readonly calls: Collection<CallRecord>;
  /** Keyed by the person's number: who told the account's number to STOP, and when. */
  readonly optOuts: Collection<{ readonly at: number }>;
  readonly webhooks: Webhooks;
  readonly faults: Faults<TwilioFault>;
  readonly clock: () => number;
  /** How long a text or call stays in each state before the next. */
  readonly stepDelayMs: number;
  /** The length of a second on the phone: ringing, pauses, the wait for a key. */
  readonly secondMs: number;
  /** Runs later unless the stand-in is closed first. */
  later(delayMs: number, task: () => void): void;
  readonly closing: AbortSignal;
  inboundSmsUrl(): string | null;
}

/** Suffers the fault asked for before a resource is made; true when the request ended here. */
export function suffersBefore(fault: TwilioFault | null, res: Response): boolean {
  if (fault === 'error_500') throw new TwilioSandboxError(20500);
  if (fault === 'error_429') throw new TwilioSandboxError(20429);
  if (fault !== 'drop_before') return false;
  res.socket?.destroy();
  return true;
}

/** Suffers the fault asked for after a resource was made; true when no answer must follow. */
export function suffersAfter(fault: TwilioFault | null, res: Response): boolean {
  if (fault === 'drop_after') res.socket?.destroy();
  return fault === 'drop_after' || fault === 'timeout_after';
}

/** A form or query field as one string; an empty or missing one is null. */
export function field(source: unknown, name: string): string | null {
  const value = fields(source, name)[0];
  return value === undefined || value === '' ? null : value;
}

/** All values of a repeated form or query field. */
export function fields(source: unknown, name: string): string[] {
  if (typeof source !== 'object' || source === null) return [];
  const value: unknown = (source as Record<string, unknown>)[name];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((item) => typeof item === 'string');
}

export function httpMethod(source: unknown, name: string): 'GET' | 'POST' {
  return field(source, name)?.toUpperCase() === 'GET' ? 'GET' : 'POST';
}

/** A URL that webhooks can be sent to, or null. */
export function webhookUrl(typed: string | null): string | null {
  if (typed === null || !URL.canParse(typed)) return null;
  return ['http:', 'https:'].includes(new URL(typed).protocol) ? typed : null;
}

export function pathParam(req: Request, name: string): string {
  const value = req.params[name];
  return typeof value === 'string' ? value : '';
}
