import type { Stripe } from 'stripe';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem}' +
  'button{font:inherit;padding:.6rem 1rem;margin:0 .5rem .5rem 0;border-radius:.4rem}';

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${content}</main></body></html>`;
}

/** The bank's page for one challenge. All that it shows is ours; `base` is the control's path. */
export function challengePage(
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  base: string,
): string {
  if (intent.status !== 'requires_action') return donePage();
  const action = `${base}/${intent.object}s/${intent.id}/authenticate`;
  const asked =
    intent.object === 'payment_intent'
      ? `A payment of ${(intent.amount / 100).toFixed(2)} ${intent.currency.toUpperCase()}`
      : 'Saving your card';
  const button = (outcome: string, label: string): string =>
    `<button name="outcome" value="${outcome}">${label}</button>`;
  return page(
    '3-D Secure',
    `<p>${asked} needs your confirmation. This is a test: no bank is involved.</p><form method="post" action="${action}">${button('succeed', 'Complete')}${button('fail', 'Fail')}</form>`,
  );
}

/** What is shown when there is nothing left to confirm. */
export function donePage(): string {
  return page('3-D Secure', '<p>There is nothing to confirm here any more.</p>');
}
