import { HoldfastError } from '../../../domain/errors.ts';
import type { FieldFault } from '../../../domain/errors.ts';

/**
 * Reads the fields of a body that the document lets through as it came, so that its words reach the
 * detector whatever is wrong with it. Faults are gathered and told together.
 */
export class FieldReader {
  readonly #body: Readonly<Record<string, unknown>>;
  readonly #faults: FieldFault[] = [];

  constructor(body: unknown) {
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    this.#body = isObject ? (body as Record<string, unknown>) : {};
    if (!isObject && body !== undefined) this.#fault('body', 'must be an object');
  }

  /** A text of at most `most` characters; null where there is none. */
  text(name: string, most: number): string | null {
    const value = this.#given(name);
    if (value === null) return null;
    if (typeof value !== 'string') return this.#fault(name, 'must be a text');
    if (value.includes('\u0000')) return this.#fault(name, 'must not contain NUL characters');
    if (value.length > most) return this.#fault(name, `must have at most ${most} characters`);
    return value;
  }

  texts(name: string, most: number, longest: number): readonly string[] | null {
    const value = this.#given(name);
    if (value === null) return null;
    const isList = Array.isArray(value) && value.length <= most;
    const isGood = (item: unknown): boolean =>
      typeof item === 'string' && item.length <= longest && !item.includes('\u0000');
    if (isList && value.every(isGood)) return value as readonly string[];
    return this.#fault(name, `must be a list of at most ${most} short texts`);
  }

  /** What `read` makes of the first of the named fields that is given. */
  word<Word>(names: readonly string[], read: (word: unknown) => Word | null): Word | null {
    const name = names.find((candidate) => this.#given(candidate) !== null);
    if (name === undefined) return null;
    return read(this.#given(name)) ?? this.#fault(name, 'is not one of the words that are known');
  }

  flag(name: string): boolean | null {
    const value = this.#given(name);
    if (value === null || typeof value === 'boolean') return value;
    return this.#fault(name, 'must be true or false');
  }

  integer(name: string, least: number, greatest: number): number | null {
    const value = this.#given(name);
    if (value === null) return null;
    const isGood =
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= greatest;
    return isGood
      ? value
      : this.#fault(name, `must be a whole number from ${least} to ${greatest}`);
  }

  /** A plain object of at most `most` characters of JSON. */
  object(name: string, most: number): Readonly<Record<string, unknown>> | null {
    const value = this.#given(name);
    if (value === null) return null;
    const isGood = typeof value === 'object' && !Array.isArray(value);
    if (isGood && JSON.stringify(value).length <= most) return value as Record<string, unknown>;
    return this.#fault(name, 'must be a small object');
  }

  has(name: string): boolean {
    return this.#given(name) !== null;
  }

  fault(field: string, message: string): void {
    this.#fault(field, message);
  }

  /** Throws `malformed_request` with all that was wrong. */
  check(): void {
    const [first] = this.#faults;
    if (first === undefined) return;
    const message = `${first.field} ${first.message}`;
    throw new HoldfastError('malformed_request', message, { fields: this.#faults });
  }

  #given(name: string): unknown {
    return (Object.hasOwn(this.#body, name) ? this.#body[name] : undefined) ?? null;
  }

  #fault(field: string, message: string): null {
    this.#faults.push({ field, message });
    return null;
  }
}
