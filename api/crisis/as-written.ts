/**
 * What somebody sent, as it can be kept: JSON, or its texts alone where it is nested too deep to be
 * written again. Never throws.
 */
export function asWritten(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return textsOf(value);
  }
}

/** Every text in a value of JSON, a line each, however deep. */
export function textsOf(value: unknown): string {
  return textsIn(value).join('\n');
}

/** Every text in a value of JSON, however deep, in its order. */
export function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') texts.push(next);
    if (typeof next !== 'object' || next === null) continue;
    // One by one: a call takes only so many arguments.
    for (const part of Object.values(next).toReversed()) open.push(part);
  }
  return texts;
}
