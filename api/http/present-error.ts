import { STATUS_CODES } from 'node:http';
import { assertNever } from '../../domain/assert-never.ts';
import { bookingStatus } from '../booking/present-error.ts';
import { schedulingCode, schedulingDetails } from '../scheduling/present-error.ts';
import { therapyCode, therapyDetails } from '../therapy/present-error.ts';
import type { Door } from './door.ts';
import type { Fault } from './fault.ts';

export interface PresentedError {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const JSON_TYPE = 'application/json';

/** An error in the dialect of its door. Doors may rename statuses where their page publishes another. */
export function presentError(door: Door, fault: Fault, requestId: string): PresentedError {
  const { retryAfterSeconds } = fault.details;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterSeconds)) };
  const own = door === 'own';
  const status = door === 'booking' ? bookingStatus(fault) : fault.status;
  return {
    status,
    contentType: own ? 'application/problem+json' : JSON_TYPE,
    headers,
    body: bodyOf(door, { ...fault, status }, requestId),
  };
}

function bodyOf(door: Door, fault: Fault, requestId: string): Record<string, unknown> {
  const { code, status, message } = fault;
  const { fields, retryAfterSeconds, ...extras } = fault.details;
  switch (door) {
    case 'therapy':
      return {
        success: false,
        error: { ...therapyDetails(fault.details), code: therapyCode(code), message },
      };
    case 'booking':
      return { statusCode: status, message, error: STATUS_CODES[status] ?? 'Error' };
    case 'teletherapy':
      return { ...extras, statusCode: status, message, error: STATUS_CODES[status] ?? 'Error' };
    case 'support':
      return {
        ...extras,
        ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
        success: false,
        message,
        error: code.toUpperCase(),
        details: fields ?? [],
      };
    case 'scheduling':
      return {
        ...schedulingDetails(fault.details),
        success: false,
        error: message,
        code: schedulingCode(code),
      };
    case 'own':
      return {
        ...extras,
        ...(fields === undefined ? {} : { errors: fields }),
        type: 'about:blank',
        title: STATUS_CODES[status] ?? 'Error',
        status,
        detail: message,
        code,
        requestId,
      };
    default:
      return assertNever(door);
  }
}
