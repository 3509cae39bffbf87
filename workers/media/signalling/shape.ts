import { HoldfastError } from '../../../domain/errors.ts';

/**
 * Checks of what a client sends. Each takes an unknown value and gives back a value that it has built
 * itself, with nothing in it that is not named: only that reaches the room or its media.
 * Throws `malformed_request` with the path of what is wrong.
 */
export type Shape<T> = (value: unknown, path: string) => T;

export type Shaped<S> = S extends Shape<infer T> ? T : never;

function malformed(path: string, message: string): HoldfastError {
  return new HoldfastError('malformed_request', `${path} ${message}`, {
    fields: [{ field: path, message }],
  });
}

export function text(maxLength: number, pattern?: RegExp, minLength = 1): Shape<string> {
  return (value, path) => {
    if (typeof value !== 'string') throw malformed(path, 'must be a text');
    if (value.length < minLength || value.length > maxLength) {
      throw malformed(path, `must have ${minLength} to ${maxLength} characters`);
    }
    if (pattern !== undefined && !pattern.test(value)) throw malformed(path, 'is malformed');
    return value;
  };
}

export function integer(min: number, max: number): Shape<number> {
  return (value, path) => {
    const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
    if (isWhole && value >= min && value <= max) return value;
    throw malformed(path, `must be a whole number from ${min} to ${max}`);
  };
}

export const flag: Shape<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw malformed(path, 'must be true or false');
};

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return (value, path) => {
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    throw malformed(path, `must be one of ${choices.join(', ')}`);
  };
}

export function list<T>(item: Shape<T>, min: number, max: number): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw malformed(path, 'must be a list');
    if (value.length < min || value.length > max) {
      throw malformed(path, `must have ${min} to ${max} entries`);
    }
    return value.map((each, index) => item(each, `${path}[${index}]`));
  };
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === undefined || value === null ? null : shape(value, path));
}

/** What may be left out; `undefined` leaves it out of the result, too. */
export interface Optional<T> {
  readonly optional: Shape<T>;
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

type Fields = Readonly<Record<string, Shape<unknown> | Optional<unknown>>>;

type ObjectOf<F extends Fields> = {
  [K in keyof F as F[K] extends Optional<unknown> ? never : K]: Shaped<F[K]>;
} & {
  [K in keyof F as F[K] extends Optional<unknown> ? K : never]?: F[K] extends Optional<infer T>
    ? T
    : never;
};

/** An object with these fields; others that the client sends are left behind. */
export function object<F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  const named = Object.entries(fields);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(path, 'must be an object');
    }
    const built: Record<string, unknown> = {};
    for (const [name, field] of named) {
      const given: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
      const isOptional = typeof field !== 'function';
      if (isOptional && (given === undefined || given === null)) continue;
      const shape = isOptional ? field.optional : field;
      built[name] = shape(given, path === '' ? name : `${path}.${name}`);
    }
    return built as ObjectOf<F>;
  };
}

const MAX_PARAMETERS = 32;
const PARAMETER_NAME = /^[\w-]{1,64}$/;
/** One value among others of a line: it ends neither the line nor itself. */
const PARAMETER_VALUE = /^[\x21-\x3a\x3c-\x7e]{0,256}$/;

/** Named simple values, such as a codec's parameters. */
export const parameters: Shape<Record<string, string | number | boolean>> = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(path, 'must be an object');
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_PARAMETERS) throw malformed(path, 'has too many entries');
  const built: [string, string | number | boolean][] = [];
  for (const [name, each] of entries) {
    const isSimple =
      typeof each === 'boolean' ||
      (typeof each === 'number' && Number.isFinite(each)) ||
      (typeof each === 'string' && PARAMETER_VALUE.test(each));
    if (!PARAMETER_NAME.test(name) || name === '__proto__' || !isSimple) {
      throw malformed(path, 'has an entry that is malformed');
    }
    built.push([name, each as string | number | boolean]);
  }
  return Object.fromEntries(built);
};
