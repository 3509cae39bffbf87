import { HoldfastError } from '../domain/errors.ts';

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const EXCLUSION_VIOLATION = '23P01';
/** The database's own refusal to put a session into time off. */
const THERAPIST_AWAY = 'HF002';
/** The database's own refusal to begin anything for somebody who was erased. */
const PERSON_ERASED = 'HF003';

/** Connection lost, refused or shut down; out of connections; a statement that took too long. */
const UNAVAILABLE = /^(08...|57P0[1-3]|57014|53...|25P03|ECONN[A-Z]+|ENOTFOUND|EPIPE|ETIMEDOUT)$/;

/** A model's query wraps what the driver says. */
function codeOf(error: Error): string {
  if ('nativeError' in error && error.nativeError instanceof Error) {
    return codeOf(error.nativeError);
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Whether the same transaction, run again, may well succeed. */
export function isLostRace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return code === DEADLOCK_DETECTED || code === SERIALIZATION_FAILURE;
}

/** Whether the database has refused a statement for what it says, so that nothing of it was done. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error) || isUnavailable(error)) return false;
  return 'severity' in error && error.severity === 'ERROR';
}

export function isExclusionViolation(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === EXCLUSION_VIOLATION;
}

/** Whether it was refused since somebody whom it is about was erased. */
export function isErased(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === PERSON_ERASED;
}

function isUnavailable(error: Error): boolean {
  if (error.name === 'KnexTimeoutError' || UNAVAILABLE.test(codeOf(error))) return true;
  return /^(Connection terminated|timeout expired)/.test(error.message);
}

/**
 * The product's word for what the database refused: `slot_unavailable` for colliding claims,
 * `therapist_unavailable` for a session in time off, `not_found` for a person who was erased,
 * `dependency_unavailable` where it is down or too busy. Anything else stays as it is.
 */
export function translateDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof HoldfastError) return error;
  if (isExclusionViolation(error)) {
    return new HoldfastError('slot_unavailable', 'The time is taken', {}, error);
  }
  if (codeOf(error) === THERAPIST_AWAY) {
    return new HoldfastError('therapist_unavailable', 'The therapist is away then', {}, error);
  }
  if (codeOf(error) === PERSON_ERASED) {
    return new HoldfastError('not_found', 'There is no such person', {}, error);
  }
  if (isLostRace(error) || isUnavailable(error)) {
    const details = { retryAfterSeconds: 1 };
    return new HoldfastError('dependency_unavailable', 'The database is busy', details, error);
  }
  return error;
}
