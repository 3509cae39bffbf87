/** Closes a `switch` over a discriminated union: a forgotten case fails to compile. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value: ${JSON.stringify(value)}`);
}
