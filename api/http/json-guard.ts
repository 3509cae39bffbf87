import { HoldfastError } from '../../domain/errors.ts';

/** Deeper than any body of the published APIs. */
const MAX_DEPTH = 32;
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;

/**
 * Refuses what JSON allows and no caller needs: nesting deeper than any body of the document,
 * an object with the same key twice (of which parsers keep different ones), NUL characters
 * (which PostgreSQL can't store) and `__proto__`. `text` has already been parsed.
 */
export function checkJson(text: string): void {
  if (text.includes('\\u0000') && NUL.test(text))
    refuse('The body must not contain NUL characters');
  // One set of keys for each open object, null for an open array.
  const open: (Set<string> | null)[] = [];
  let expectsKey = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH) refuse(`The body must not be nested deeper than ${MAX_DEPTH}`);
      expectsKey = token === '{';
    } else if (token === '}' || token === ']') {
      open.pop();
      expectsKey = false;
    } else if (token === ',') expectsKey = open.at(-1) !== null;
    else if (expectsKey) {
      addKey(open.at(-1), token);
      expectsKey = false;
    }
  }
}

function addKey(keys: Set<string> | null | undefined, token: string): void {
  const key = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
  if (key === '__proto__') refuse('The body must not contain the key __proto__');
  if (keys?.has(key) === true) refuse('The body must not contain the same key twice');
  keys?.add(key);
}

function refuse(message: string): never {
  throw new HoldfastError('malformed_request', message);
}
