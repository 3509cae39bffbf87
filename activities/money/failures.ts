import { ApplicationFailure } from '@temporalio/common';
import { CardProviderError } from '../gateways/card-gateway.ts';

/** Tried again as often as the caller's options say; carries a code, never a provider's text. */
export function retryLater(type: string, afterMs?: number, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: type,
    nonRetryable: false,
    ...(afterMs === undefined ? {} : { nextRetryDelay: afterMs }),
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** A mistake that trying again does not mend. */
export function giveUp(type: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message: type, nonRetryable: true });
}

export function isRefusal(error: unknown): error is CardProviderError {
  return error instanceof CardProviderError && error.fault === 'refused';
}

/** Gives an activity's failures a type that Temporal UI and retry rules can read. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CardProviderError)) throw error;
    throw retryLater(`card_provider_${error.fault}`, undefined, error);
  }
}
