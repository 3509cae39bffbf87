/**
 * What became of something sent through a provider. The difference matters to whoever
 * sends at most once:
 *
 * - `accepted`: the provider has it, `id` is its name for it;
 * - `refused`: it never goes out, and sending it again changes nothing;
 * - `unavailable`: it certainly didn't go out; try again later;
 * - `ambiguous`: it may have gone out. Ask the provider before sending it again.
 *
 * `code` is a stable code of the provider or of the connection, never a text: texts of
 * providers quote numbers and addresses.
 */
export type Delivery<Reason extends string> =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly code: string }
  | { readonly kind: 'unavailable'; readonly code: string; readonly retryAfterMs?: number }
  | { readonly kind: 'ambiguous'; readonly code: string };

/** Codes of connections that were never made, or never trusted: nothing can have been sent. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EDNS',
  'ETLS',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const BAD_CERTIFICATE = /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_CERT_)/;

export function neverConnected(code: string): boolean {
  return NEVER_CONNECTED.has(code) || BAD_CERTIFICATE.test(code);
}

/** A named property of something thrown, when it has the wished type. */
export function stringProperty(thrown: unknown, name: string): string | null {
  const value = propertyOf(thrown, name);
  return typeof value === 'string' ? value : null;
}

export function numberProperty(thrown: unknown, name: string): number | null {
  const value = propertyOf(thrown, name);
  return typeof value === 'number' ? value : null;
}

function propertyOf(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined;
}
