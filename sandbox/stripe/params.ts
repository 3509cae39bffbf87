import { invalidParameter } from './errors.ts';

export type Metadata = Record<string, string>;

const MAX_METADATA_KEYS = 50;
const MAX_METADATA_KEY_LENGTH = 40;
const MAX_METADATA_VALUE_LENGTH = 500;

function isHash(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the parameters of one request and remembers which were read, so that `finish` can refuse
 * the rest as Stripe refuses parameters that it does not know. All readers throw Stripe's 400.
 */
export class Params {
  readonly #values: Record<string, unknown>;
  readonly #prefix: string;
  readonly #children: Params[] = [];
  readonly #seen = new Set<string>(['expand', 'client_secret']);

  constructor(values: Record<string, unknown>, prefix = '') {
    this.#values = values;
    this.#prefix = prefix;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Parameters that the real service takes and that change nothing here. */
  ignore(...names: string[]): void {
    for (const name of names) this.#seen.add(name);
  }

  string(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw invalidParameter('Invalid string', this.#path(name));
    if (value !== '') return value;
    throw invalidParameter(
      `You passed an empty string for '${this.#path(name)}'. We assume empty values are an attempt to unset a parameter; however '${this.#path(name)}' cannot be unset. You should remove '${this.#path(name)}' from your request or supply a non-empty value.`,
      this.#path(name),
      'parameter_invalid_empty',
    );
  }

  /** A string that an empty value unsets (`null`); `undefined` where it was not sent. */
  clearable(name: string): string | null | undefined {
    return this.#values[name] === '' ? (this.#take(name), null) : this.string(name);
  }

  required(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw this.missing(name);
    return value;
  }

  missing(name: string): Error {
    const path = this.#path(name);
    return invalidParameter(`Missing required param: ${path}.`, path, 'parameter_missing');
  }

  integer(name: string, minimum: number): number | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const path = this.#path(name);
    const code = 'parameter_invalid_integer';
    if (!/^-?\d{1,15}$/.test(text)) throw invalidParameter(`Invalid integer: ${text}`, path, code);
    if (Number(text) >= minimum) return Number(text);
    throw invalidParameter(`This value must be greater than or equal to ${minimum}.`, path, code);
  }

  boolean(name: string): boolean | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    if (text === 'true' || text === 'false') return text === 'true';
    throw invalidParameter(`Invalid boolean: ${text}`, this.#path(name));
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    const path = this.#path(name);
    throw invalidParameter(`Invalid ${path}: must be one of ${choices.join(', ')}`, path);
  }

  list(name: string): string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw invalidParameter('Invalid array', this.#path(name));
  }

  hash(name: string): Params | undefined {
    const value = this.#take(name);
    if (value === undefined || value === '') return undefined;
    if (!isHash(value)) throw invalidParameter('Invalid object', this.#path(name));
    const child = new Params(value, this.#path(name));
    this.#children.push(child);
    return child;
  }

  /** The current metadata with the request's merged in: an empty value removes its key. */
  metadata(current: Metadata): Metadata {
    const value = this.#take('metadata');
    if (value === undefined) return current;
    if (value === '') return {};
    if (!isHash(value)) throw invalidParameter('Invalid object', this.#path('metadata'));
    const merged: Metadata = { ...current };
    for (const [key, text] of Object.entries(value)) {
      const checked = this.#metadataValue(key, text);
      if (checked === '') delete merged[key];
      else merged[key] = checked;
    }
    if (Object.keys(merged).length <= MAX_METADATA_KEYS) return merged;
    throw invalidParameter(`Metadata can have up to ${MAX_METADATA_KEYS} keys.`, 'metadata');
  }

  /** Refuses parameters that nothing has read. */
  finish(): void {
    const unknown = Object.keys(this.#values).filter((name) => !this.#seen.has(name));
    const [first] = unknown;
    if (first !== undefined) {
      const names = unknown.map((name) => this.#path(name)).join(', ');
      const noun = unknown.length === 1 ? 'parameter' : 'parameters';
      const message = `Received unknown ${noun}: ${names}`;
      throw invalidParameter(message, this.#path(first), 'parameter_unknown');
    }
    for (const child of this.#children) child.finish();
  }

  #metadataValue(key: string, value: unknown): string {
    const path = `metadata[${key}]`;
    if (typeof value !== 'string') throw invalidParameter('Invalid string', path);
    if (key.length > MAX_METADATA_KEY_LENGTH) {
      throw invalidParameter('Metadata keys can be up to 40 characters long.', path);
    }
    if (value.length > MAX_METADATA_VALUE_LENGTH) {
      throw invalidParameter('Metadata values must be a maximum of 500 characters.', path);
    }
    return value;
  }

  #path(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}[${name}]`;
  }

  #take(name: string): unknown {
    this.#seen.add(name);
    return this.#values[name];
  }
}
