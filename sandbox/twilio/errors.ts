import type { NextFunction, Request, Response } from 'express';

interface ProviderError {
  readonly status: number;
  readonly message: (subject: string) => string;
}

/** The provider's error codes that the stand-in speaks, with their HTTP status and wording. */
const PROVIDER_ERRORS = {
  20003: { status: 401, message: () => 'Authenticate' },
  20404: { status: 404, message: (path) => `The requested resource ${path} was not found` },
  20429: { status: 429, message: () => 'Too Many Requests' },
  20500: { status: 500, message: () => 'Internal Server Error' },
  20001: { status: 400, message: (name) => `Invalid parameter ${name}` },
  21201: { status: 400, message: () => "No 'To' number is specified" },
  21205: { status: 400, message: () => 'Url parameter is required.' },
  21210: {
    status: 400,
    message: (from) =>
      `The source phone number provided, ${from}, is not yet verified for your account.`,
  },
  21211: { status: 400, message: (to) => `Invalid 'To' Phone Number: ${to}` },
  21212: { status: 400, message: (from) => `Invalid 'From' Phone Number: ${from}` },
  21213: { status: 400, message: () => "No 'From' number is specified" },
  21220: {
    status: 400,
    message: () => 'Unable to update record. Call is not in-progress. Cannot redirect.',
  },
  21408: {
    status: 400,
    message: () =>
      'Permission to send an SMS has not been enabled for the region indicated by the To number.',
  },
  21602: { status: 400, message: () => 'Message body is required.' },
  21603: { status: 400, message: () => "A 'From' phone number is required." },
  21604: { status: 400, message: () => "A 'To' phone number is required." },
  21606: {
    status: 400,
    message: (from) =>
      `The 'From' phone number provided (${from}) is not a valid message-capable Twilio phone number for this destination.`,
  },
  21609: { status: 400, message: (url) => `The 'StatusCallback' URL ${url} is not a valid URL.` },
  21610: { status: 400, message: () => 'Attempt to send to unsubscribed recipient' },
  21611: {
    status: 429,
    message: (from) =>
      `This 'From' number ${from} has exceeded the maximum number of queued messages`,
  },
  21612: {
    status: 400,
    message: () =>
      "Message cannot be sent with the current combination of 'To' and 'From' parameters",
  },
  21614: { status: 400, message: (to) => `To number: ${to}, is not a mobile number` },
  21617: {
    status: 400,
    message: () => 'The concatenated message body exceeds the 1600 character limit.',
  },
} as const satisfies Record<number, ProviderError>;

export type ProviderErrorCode = keyof typeof PROVIDER_ERRORS;

/** Thrown by a route; answered as the provider's error object. */
export class TwilioSandboxError extends Error {
  override readonly name = 'TwilioSandboxError';
  readonly code: ProviderErrorCode;
  readonly status: number;

  constructor(code: ProviderErrorCode, subject = '') {
    super(PROVIDER_ERRORS[code].message(subject));
    this.code = code;
    this.status = PROVIDER_ERRORS[code].status;
  }
}

/** Express error handler that answers `{code, message, more_info, status}`. */
export function presentError(
  error: unknown,
  _req: Request,
  res: Response,
  next: NextFunction,
): void {
  if (res.headersSent) {
    next(error);
    return;
  }
  const known = error instanceof TwilioSandboxError ? error : new TwilioSandboxError(20500);
  if (known.status === 401) res.set('WWW-Authenticate', 'Basic realm="Twilio API"');
  res.status(known.status).json({
    code: known.code,
    message: known.message,
    more_info: `https://www.twilio.com/docs/errors/${String(known.code)}`,
    status: known.status,
  });
}
