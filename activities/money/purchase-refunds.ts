import { type CreditPurchaseRow, clinicOfPerson } from '../../db/credit-purchases.ts';
import { creditBalance } from '../../db/credits.ts';
import { openTask } from '../../db/tasks.ts';
import type { MoneyDeps } from './deps.ts';

/**
 * Somebody has paid a purchase of credits back in the provider's dashboard: the credits are still
 * there, and some may be spent. What becomes of them a human decides, once for each refund.
 */
export async function recordPurchaseRefunds(
  { knex, cards }: Pick<MoneyDeps, 'knex' | 'cards'>,
  purchase: CreditPurchaseRow,
): Promise<void> {
  if (purchase.provider_ref === null) return;
  const { person_id: personId, amount_cents: purchasedCents, currency } = purchase;
  for (const refund of await cards.listRefunds(purchase.provider_ref)) {
    if (refund.status === 'failed') continue;
    const { balanceCents } = await creditBalance(knex, personId);
    await openTask(knex, {
      clinicId: await clinicOfPerson(knex, personId),
      key: `credits_refunded/${refund.ref}`,
      kind: 'credits_refunded',
      data: {
        personId,
        purchaseId: purchase.id,
        purchasedCents,
        refund: refund.ref,
        refundedCents: refund.amountCents,
        currency,
        unspentCents: balanceCents,
      },
    });
  }
}
