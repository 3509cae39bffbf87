import type { Stripe } from 'stripe';
import { randomText } from './ids.ts';

export type ChallengeOutcome = 'succeed' | 'fail';

const FAILED =
  'We are unable to authenticate your payment method. Please choose a different payment method and try again.';

/** What a browser has to do next: follow a link when there is a way back, else Stripe.js acts. */
export function challengeAction(
  id: string,
  baseUrl: string,
  returnUrl: string | null,
): Stripe.PaymentIntent.NextAction {
  const url = `${baseUrl}/control/stripe/three_d_secure/${id}`;
  if (returnUrl !== null) {
    return { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } };
  }
  const source = `payatt_${randomText(24)}`;
  return {
    type: 'use_stripe_sdk',
    use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url, source },
  };
}

type ChallengeFailure<C extends string> = {
  code: C;
  doc_url: string;
  message: string;
  payment_method?: Stripe.PaymentMethod;
  type: 'card_error';
};

/** The error on an intent whose challenge failed. */
export function challengeFailure<C extends string>(
  method: Stripe.PaymentMethod | undefined,
  code: C,
): ChallengeFailure<C> {
  return {
    code,
    doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`,
    message: FAILED,
    ...(method === undefined ? {} : { payment_method: method }),
    type: 'card_error',
  };
}
