import type { FieldRef } from '../../crypto/field-cipher.ts';

/** Where the address of an outside calendar is sealed. */
export function sourceRef(feedId: string): FieldRef {
  return { purpose: 'calendar_feed', objectId: feedId, column: 'source_url' };
}
