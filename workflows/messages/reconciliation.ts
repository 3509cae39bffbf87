import { defineSignal } from '@temporalio/workflow';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const RECONCILIATION_WORKFLOW = 'reconciliationWorkflow';

export interface ReconciliationInput {
  readonly paymentId: string;
}

export interface ReconciliationResult {
  readonly kind: 'in_order' | 'left_to_session' | 'taken_back' | 'released' | 'refunded';
}

/** More news of the payment: it is looked at once more before the workflow ends. */
export const lookAgainSignal = defineSignal<[unknown?]>('look-again');
