import { defineSignal, defineUpdate } from '@temporalio/workflow';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const CREDIT_PURCHASE_WORKFLOW = 'creditPurchaseWorkflow';

export interface CreditPurchaseInput {
  /** The purchase, persisted before the workflow starts. */
  readonly purchaseId: string;
}

/**
 * `unavailable`: the provider did not answer in time. The purchase goes on by itself; asking
 * again with the same id tells what came of it.
 */
export type PurchaseAnswer =
  | { readonly kind: 'paid'; readonly balanceCents: number }
  | { readonly kind: 'action_required' }
  | { readonly kind: 'processing' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'failed'; readonly code: 'payment_failed'; readonly providerCode: string };

/** Answers with the purchase's first outcome; send it with the start of the workflow. */
export const purchaseUpdate = defineUpdate<PurchaseAnswer, []>('purchase');

/** The provider has news of the purchase; its truth is fetched, never taken from the message. */
export const purchaseNewsSignal = defineSignal<[unknown?]>('purchase-news');
