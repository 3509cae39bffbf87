import type { Payload } from '@temporalio/common';
import { HoldfastError } from '../../domain/errors.ts';

/** A payload in the remote codec protocol: every bytes field in base64. */
export interface WirePayload {
  metadata?: Record<string, string>;
  data?: string;
}

const MAX_PAYLOADS = 2_000;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromBase64(value: unknown): Buffer {
  if (typeof value !== 'string') throw malformed();
  return Buffer.from(value, 'base64');
}

function malformed(): HoldfastError {
  return new HoldfastError('malformed_request', 'The body must be { "payloads": [...] }');
}

function payloadOf(value: unknown): Payload {
  if (!isRecord(value)) throw malformed();
  const { metadata = {}, data } = value;
  if (!isRecord(metadata)) throw malformed();
  const entries = Object.entries(metadata).map(([name, text]) => [name, fromBase64(text)]);
  return {
    metadata: Object.fromEntries(entries) as Record<string, Uint8Array>,
    data: data === undefined || data === null ? new Uint8Array() : fromBase64(data),
  };
}

/** The payloads of a request's body. Throws `malformed_request`. */
export function payloadsOf(body: unknown): Payload[] {
  const payloads = isRecord(body) ? body['payloads'] : undefined;
  if (!Array.isArray(payloads) || payloads.length > MAX_PAYLOADS) throw malformed();
  return payloads.map(payloadOf);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function toWire(payload: Payload): WirePayload {
  const metadata = Object.entries(payload.metadata ?? {}).map(([name, bytes]) => [
    name,
    toBase64(bytes),
  ]);
  return {
    metadata: Object.fromEntries(metadata) as Record<string, string>,
    data: toBase64(payload.data ?? new Uint8Array()),
  };
}
