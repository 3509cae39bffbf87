import { defineUpdate } from '@temporalio/workflow';
import type { BarePage } from './activities.ts';

export const BARE_TASK_QUEUE = 'bench-bare';

/** When the parts of a bare life are due, ms after its start. */
export interface BareTimes {
  readonly answerMs: number;
  readonly paymentMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly followUpMs: number;
  /** Each with its time before the start; texts have a receipt that is looked after. */
  readonly reminders: readonly { readonly beforeMs: number; readonly hasReceipt: boolean }[];
  readonly receiptMs: number;
  /** How often the card provider's own news is read. */
  readonly news: number;
}

export const bareUpdate = defineUpdate<string>('bare');
/** Sends one text; gives its name with the provider. */
export const barePageUpdate = defineUpdate<string, [BarePage]>('page');
export const approveUpdate = defineUpdate<string>('approve');
export const payUpdate = defineUpdate<string>('pay');
