import type { FieldRef } from '../../crypto/field-cipher.ts';

/** Where a webhook's secret lives; it moves from one column to the other when it is replaced. */
export function secretRef(webhookId: string): FieldRef {
  return { purpose: 'webhook', objectId: webhookId, column: 'secret' };
}

/** Where the bytes of one delivery live. */
export function bodyRef(webhookId: string, deliveryId: string): FieldRef {
  return { purpose: 'webhook', objectId: webhookId, column: 'body', rowId: deliveryId };
}
