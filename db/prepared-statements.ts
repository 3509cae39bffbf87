/** From this use on a text has a name, under which each connection prepares it. */
const USES_BEFORE_NAMED = 5;
/** Connections keep what they have prepared for as long as they live. */
const MOST_NAMES = 256;
/** Texts that differ with their values' number come rarely each: their counts are let go. */
const MOST_COUNTS = 2_000;

/**
 * A prepared statement keeps the columns that it had at first, and fails once a migration changes
 * them: what asks for all columns that there are (`*`) is never prepared.
 */
const ALL_COLUMNS = /(?:\bselect|\bdistinct|\breturning|,)\s+\*|\.\*/i;

const counts = new Map<string, number>();
const names = new Map<string, string>();

/** The name to prepare a statement's text under, or undefined for one that is not usual. */
export function nameOf(text: string): string | undefined {
  const name = names.get(text);
  if (name !== undefined || names.size >= MOST_NAMES) return name;
  const count = (counts.get(text) ?? 0) + 1;
  if (count < USES_BEFORE_NAMED) {
    if (counts.size >= MOST_COUNTS) counts.clear();
    counts.set(text, count);
    return undefined;
  }
  if (ALL_COLUMNS.test(text)) return undefined;
  counts.delete(text);
  names.set(text, `usual-${names.size + 1}`);
  return names.get(text);
}
