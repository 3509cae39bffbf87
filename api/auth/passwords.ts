import { hash, verify } from '@node-rs/argon2';
import { HoldfastError } from '../../domain/errors.ts';

/** OWASP's parameters for argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
export const MAX_PASSWORD_LENGTH = 200;

let decoy: Promise<string> | undefined;

export function hashPassword(password: string): Promise<string> {
  return hash(password, PARAMETERS);
}

/** Compares with the stored hash. Without one it does the same work against a decoy and says no. */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword(crypto.randomUUID());
  const isRight = await verify(stored ?? (await decoy), password);
  return isRight && stored !== null;
}

/** What a password lacks, as a sentence, or null for one that will do. */
export function passwordFault(password: string): string | null {
  if (password.length > MAX_PASSWORD_LENGTH) {
    return `must not be longer than ${MAX_PASSWORD_LENGTH} characters`;
  }
  const hasLetters = /\p{Lu}/u.test(password) && /\p{Ll}/u.test(password);
  const hasBasics = hasLetters && /\p{Nd}/u.test(password);
  const hasSpecial = /[^\p{L}\p{N}]/u.test(password);
  const isLongEnough = password.length >= (hasSpecial ? 8 : 12);
  if (hasBasics && isLongEnough) return null;
  return 'must have an upper-case letter, a lower-case letter and a digit, and either a special character and 8 characters or 12 characters';
}

/** Throws `malformed_request` that names the field, for a password that won't do. */
export function requireGoodPassword(field: string, password: string): void {
  const message = passwordFault(password);
  if (message === null) return;
  const fields = [{ field, message }];
  throw new HoldfastError('malformed_request', `${field} ${message}`, { fields });
}
