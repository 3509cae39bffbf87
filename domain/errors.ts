/** How one stable error code is answered over HTTP and treated by retries. */
interface ErrorRule {
  readonly status: number;
  readonly retryable: boolean;
}

/**
 * The one error vocabulary of the product. A door may rename a code for its own
 * dialect, but never invents one. `status` is the HTTP status where a door's
 * contract is silent.
 */
export const ERROR_RULES = {
  malformed_request: { status: 400, retryable: false },
  invalid_time: { status: 400, retryable: false },
  nonexistent_local_time: { status: 400, retryable: false },
  session_not_waiting: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  token_expired: { status: 401, retryable: false },
  token_reused: { status: 401, retryable: false },
  invalid_credentials: { status: 401, retryable: false },
  payment_failed: { status: 402, retryable: false },
  payment_action_required: { status: 402, retryable: false },
  insufficient_tokens: { status: 402, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  slot_unavailable: { status: 409, retryable: false },
  client_unavailable: { status: 409, retryable: false },
  wrong_state: { status: 409, retryable: false },
  already_held: { status: 409, retryable: false },
  not_holder: { status: 409, retryable: false },
  version_conflict: { status: 409, retryable: false },
  already_exists: { status: 409, retryable: false },
  availability_overlap: { status: 409, retryable: false },
  sessions_affected: { status: 409, retryable: false },
  erasure_blocked: { status: 409, retryable: false },
  already_has_helper: { status: 409, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  outside_availability: { status: 422, retryable: false },
  therapist_unavailable: { status: 422, retryable: false },
  time_in_past: { status: 422, retryable: false },
  too_soon: { status: 422, retryable: false },
  booking_limit_exceeded: { status: 422, retryable: false },
  relationship_required: { status: 422, retryable: false },
  consent_required: { status: 422, retryable: false },
  confirmation_required: { status: 422, retryable: false },
  insurance_verification_failed: { status: 422, retryable: false },
  cancellation_deadline_passed: { status: 422, retryable: false },
  reschedule_deadline_passed: { status: 422, retryable: false },
  idempotency_key_reused: { status: 422, retryable: false },
  refused_by_rule: { status: 422, retryable: false },
  account_locked: { status: 423, retryable: false },
  rate_limited: { status: 429, retryable: true },
  internal: { status: 500, retryable: true },
  dependency_unavailable: { status: 503, retryable: true },
  media_unavailable: { status: 503, retryable: true },
  recording_unavailable: { status: 503, retryable: true },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERROR_RULES;

/** One fault of one field of a request: `field` is its path, `message` what to do about it. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** Machine-readable companions of an error: never health data, never text typed by a client. */
export interface ErrorDetails {
  readonly fields?: readonly FieldFault[];
  readonly retryAfterSeconds?: number;
  readonly [key: string]: unknown;
}

/**
 * A failure that a caller can understand and act on. Compare `code`, not the class:
 * errors cross process and workflow boundaries as codes.
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_RULES, value);
}

/** The vocabulary's code of anything thrown, or null when it is not one of ours. */
export function errorCodeOf(error: unknown): ErrorCode | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return isErrorCode(error.code) ? error.code : null;
}

export function isRetryable(code: ErrorCode): boolean {
  return ERROR_RULES[code].retryable;
}
