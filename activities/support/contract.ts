import type { SupportStep } from '../../domain/support-timers.ts';

export interface LookInput {
  readonly sessionId: string;
  /** The workflow's time, epoch ms. */
  readonly nowMs: number;
}

/** How a session stands after whatever was due has been done. */
export type SupportLook =
  | { readonly kind: 'over'; readonly status: 'closed' | 'cancelled' | 'gone' }
  | {
      readonly kind: 'open';
      readonly status: 'waiting' | 'active';
      /** When to look again, epoch ms; null for not before something changes. */
      readonly atMs: number | null;
      /** What may be due then. */
      readonly step: SupportStep | null;
    };

export interface SupportActivities {
  /** Does what a session's timers ask for by now. Safe to run twice: the record decides. */
  lookAfterSupport(input: LookInput): Promise<SupportLook>;
}
