import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ERROR_RULES, HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';

const PREFLIGHT_TTL_SECONDS = 600;
const HEADER_NAMES = /^[a-z0-9-]+(, ?[a-z0-9-]+)*$/i;

/** Lets the UI's origin, and no other, call with cookies and read the answer. */
export function allowOrigin(uiOrigin: string): RequestHandler {
  return (request, response, next) => {
    response.vary('Origin');
    if (request.get('origin') === uiOrigin) {
      response.set('Access-Control-Allow-Origin', uiOrigin);
      response.set('Access-Control-Allow-Credentials', 'true');
    }
    if (request.method !== 'OPTIONS') return next();
    const wanted = request.get('access-control-request-headers') ?? '';
    if (HEADER_NAMES.test(wanted)) response.set('Access-Control-Allow-Headers', wanted);
    response.set('Access-Control-Allow-Methods', 'POST');
    response.set('Access-Control-Max-Age', String(PREFLIGHT_TTL_SECONDS));
    response.status(204).end();
  };
}

/** Refuses forms that another site submits in the name of someone who is signed in. */
export function sameOriginOnly(request: Request, response: Response, next: NextFunction): void {
  const origin = request.get('origin');
  const site = request.get('sec-fetch-site');
  const isForeign = origin !== undefined && origin !== 'null' && !isOwnHost(origin, request);
  if (isForeign || origin === 'null' || site === 'cross-site' || site === 'same-site') {
    response.status(403).json({ code: 'forbidden', message: 'Use the form of this server' });
    return;
  }
  next();
}

function isOwnHost(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.get('host');
}

/** Headers of a page that runs nothing, embeds nothing and is embedded nowhere; returns the nonce. */
export function strictPage(response: Response): string {
  const nonce = randomBytes(16).toString('base64');
  response.set({
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src 'nonce-${nonce}'`,
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    // With `no-referrer` browsers send the form's Origin as `null`, and it would be refused.
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  return nonce;
}

/** Errors of the body parser carry a status of their own. */
function codeOf(error: unknown): ErrorCode {
  const known = errorCodeOf(error);
  if (known !== null) return known;
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  if (status === 413) return 'payload_too_large';
  if (status === 415) return 'unsupported_media_type';
  return typeof status === 'number' && status < 500 ? 'malformed_request' : 'internal';
}

export function retryAfterSecondsOf(error: unknown): number | null {
  if (!(error instanceof HoldfastError)) return null;
  return error.details.retryAfterSeconds ?? null;
}

/** The status and a fixed sentence of anything thrown; its own message stays inside. */
export function answerError(error: unknown, response: Response): void {
  const code = codeOf(error);
  const seconds = retryAfterSecondsOf(error);
  if (seconds !== null) response.set('Retry-After', String(seconds));
  response.status(ERROR_RULES[code].status).json({ code, message: code.replaceAll('_', ' ') });
}
