import type { EventObject, Settings, TaskKind } from './records.ts';
import type { Store } from './store.ts';

/** What the resources share. */
export type StripeCore = {
  readonly store: Store;
  nowMs(): number;
  /** Stripe's instants are whole seconds. */
  nowSeconds(): number;
  settings(): Settings;
  /**
   * Records an event and queues its webhook. With `before` given, the event carries the old
   * values of whatever changed.
   */
  emit(type: string, object: EventObject, before?: EventObject): void;
  schedule(kind: TaskKind, subject: string, dueMs: number): void;
  unschedule(kind: TaskKind, subject: string): void;
};
