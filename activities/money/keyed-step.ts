import { CardProviderError } from '../gateways/card-gateway.ts';

/** The provider forgets keys after 24 h; an hour before, they are no protection any more. */
export const KEYS_HOLD_MS = 23 * 60 * 60_000;

export interface KeyedStep<T> {
  /** Asks the provider to do it, under a key that is the same each time. */
  readonly act: () => Promise<T>;
  /** Finds what an earlier request may have done already. */
  readonly lookUp: () => Promise<T | null>;
  /** The key may be forgotten: ask before acting. */
  readonly isStale: boolean;
  /** The next request takes another key. */
  readonly renewKey: () => Promise<void>;
}

/**
 * Does one thing at the provider once, however often it is asked to. Without an answer the
 * error is thrown on and the same key is used again. An answer that went wrong is kept under
 * its key for a day: what was really done is looked up, and only when nothing was does a new
 * key follow. Throws CardProviderError.
 */
export async function performOnce<T>(step: KeyedStep<T>): Promise<T> {
  if (step.isStale) {
    const found = await step.lookUp();
    if (found !== null) return found;
  }
  try {
    return await step.act();
  } catch (error) {
    if (!(error instanceof CardProviderError) || error.fault === 'unavailable') throw error;
    const found = await step.lookUp();
    if (found !== null) return found;
    await step.renewKey();
    throw error;
  }
}
