import { ERROR_RULES, errorCodeOf, isErrorCode } from '../../domain/errors.ts';
import type { ErrorCode, ErrorDetails, FieldFault } from '../../domain/errors.ts';

/** A failure on its way to a caller, whatever was thrown. */
export interface Fault {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  readonly details: ErrorDetails;
}

const RETRY_AFTER_SECONDS = 5;
const MAX_FIELD_FAULTS = 20;

/** Errors of the network and of PostgreSQL that say: not now. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EPIPE',
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '40001',
  '40P01',
]);
const UNREACHABLE_CLASSES = /^(?:08|53)[0-9A-Z]{3}$/;
const UNREACHABLE_MESSAGES = /^(?:Connection terminated|timeout exceeded when trying to connect)/;
/** Values that PostgreSQL can't take, which validation let through. */
const UNSTORABLE = new Set(['22P02', '22P05', '22021', '22003', '22007', '22008']);
/** gRPC: deadline exceeded, resource exhausted, unavailable. */
const GRPC_NOT_NOW = new Set([4, 8, 14]);

/** What a caller is told about anything thrown: never a message that we didn't write for callers. */
export function toFault(thrown: unknown): Fault {
  const own = ownError(thrown);
  if (own !== null) return fault(own.code, own.message, own.details);
  const validation = validationFault(thrown);
  if (validation !== null) return validation;
  if (isNotNow(thrown)) {
    return fault('dependency_unavailable', 'The service is busy or partly down; try again soon');
  }
  if (chainOf(thrown).some((error) => UNSTORABLE.has(String(property(error, 'code'))))) {
    return fault('malformed_request', 'The request holds a value that cannot be stored');
  }
  return fault('internal', 'Something went wrong on our side');
}

function fault(code: ErrorCode, message: string, details: ErrorDetails = {}): Fault {
  const retryAfterSeconds =
    details.retryAfterSeconds ??
    (code === 'dependency_unavailable' ? RETRY_AFTER_SECONDS : undefined);
  return {
    code,
    status: ERROR_RULES[code].status,
    message,
    details: retryAfterSeconds === undefined ? details : { ...details, retryAfterSeconds },
  };
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const DEEPEST = 8;

/** What was thrown and what it came of; a model's query wraps what the driver says. */
function chainOf(thrown: unknown): unknown[] {
  const chain: unknown[] = [];
  let error = thrown;
  while (error !== undefined && error !== null && chain.length < DEEPEST) {
    chain.push(error);
    error = property(error, 'cause') ?? property(error, 'nativeError');
  }
  return chain;
}

/** Our own error, here or as the cause of a workflow's or activity's failure. */
function ownError(thrown: unknown): Omit<Fault, 'status'> | null {
  for (const error of chainOf(thrown)) {
    const message = String(property(error, 'message') ?? '');
    if (property(error, 'name') === 'HoldfastError') {
      const code = errorCodeOf(error);
      if (code !== null) return { code, message, details: detailsOf(property(error, 'details')) };
    }
    const type = property(error, 'type');
    if (property(error, 'name') === 'ApplicationFailure' && isErrorCode(type)) {
      const [details] = (property(error, 'details') as unknown[] | undefined) ?? [];
      return { code: type, message, details: detailsOf(details) };
    }
  }
  return null;
}

function detailsOf(value: unknown): ErrorDetails {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as ErrorDetails)
    : {};
}

function isNotNow(thrown: unknown): boolean {
  for (const error of chainOf(thrown)) {
    const code = property(error, 'code');
    if (typeof code === 'number' && GRPC_NOT_NOW.has(code)) return true;
    if (UNREACHABLE.has(String(code)) || UNREACHABLE_CLASSES.test(String(code))) return true;
    const name = property(error, 'name');
    if (name === 'KnexTimeoutError' || name === 'WorkflowUpdateRPCTimeoutOrCancelledError')
      return true;
    if (UNREACHABLE_MESSAGES.test(String(property(error, 'message')))) return true;
  }
  return false;
}

interface ValidatorError {
  readonly path: string;
  readonly message: string;
  readonly errorCode?: string;
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

/** A refusal by the validator of `openapi.yaml`. Null for anything else, its 500s included. */
function validationFault(thrown: unknown): Fault | null {
  const code = CODE_OF_STATUS[Number(property(thrown, 'status'))];
  if (code === undefined || !(thrown instanceof Error)) return null;
  const errors = property(thrown, 'errors');
  const fields = Array.isArray(errors) ? fieldFaults(errors as ValidatorError[]) : [];
  if (code !== 'malformed_request') return fault(code, MESSAGES[code] ?? 'The request is refused');
  const [first] = fields;
  const message =
    first === undefined ? 'The request is malformed' : `${first.field} ${first.message}`;
  return fault(code, message.trim(), fields.length > 0 ? { fields } : {});
}

const MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  not_found: 'There is nothing here',
  method_not_allowed: 'This method is not supported here',
  payload_too_large: 'The body is too large',
  unsupported_media_type: 'The body must be application/json',
};

function fieldFaults(errors: readonly ValidatorError[]): FieldFault[] {
  const faults = new Map<string, FieldFault>();
  for (const error of errors) {
    const keyword = error.errorCode?.split('.')[0] ?? '';
    // A field of an alternative that was not meant says nothing about what is wrong.
    if (keyword === 'if' || faults.size >= MAX_FIELD_FAULTS) continue;
    const field = fieldName(error.path, keyword === 'additionalProperties');
    if (!faults.has(field)) faults.set(field, { field, message: error.message });
  }
  return [...faults.values()];
}

/** `/body/profile/age` becomes `profile.age`. The name of an unknown property is the caller's own text. */
function fieldName(path: string, isUnknown: boolean): string {
  const parts = path.split('/').filter((part) => part !== '');
  const inside = ['body', 'query', 'params', 'headers', 'path'].includes(parts[0] ?? '') ? 1 : 0;
  const named = parts.slice(inside, isUnknown ? -1 : undefined);
  return named.length === 0 ? 'body' : named.join('.');
}
