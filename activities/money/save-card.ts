import { adoptRef, findPayment } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import type { Setup } from '../gateways/card-gateway.ts';
import { ensureCustomer, ensureMethod, replaceMissingCustomer } from './card-customer.ts';
import { chargeOfPayment } from './charge.ts';
import type { Charge } from './charge.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp } from './failures.ts';
import { performOnce } from './keyed-step.ts';
import { isUnconfirmed, observeSetup, recordEnd } from './observe.ts';

/**
 * Saves the card for a charge near the date. No money moves, so a set-up that was made and
 * forgotten does no harm and is not looked for.
 */
export async function saveCard(deps: MoneyDeps, payment: PaymentRow): Promise<PaymentRow> {
  const charge = chargeOfPayment(deps, payment);
  const methodRef = await ensureMethod(deps, charge);
  const setup = await ensureSetup(deps, payment, charge);
  if (setup === null) return recordEnd(deps, payment.id, 'voided', 'closed');
  const confirmed = isUnconfirmed(setup)
    ? await confirmSetup(deps, charge, setup, methodRef)
    : setup;
  return observeSetup(deps, payment.id, confirmed);
}

async function ensureSetup(
  deps: MoneyDeps,
  payment: PaymentRow,
  charge: Charge,
): Promise<Setup | null> {
  if (payment.setup_ref !== null) return deps.cards.retrieveSetup(payment.setup_ref);
  const customerRef = await ensureCustomer(deps, charge);
  const setup = await performOnce({
    act: () => deps.cards.createSetup(customerRef, charge.metadata, charge.keyOf('save/create')),
    lookUp: () => Promise.resolve(null),
    isStale: false,
    renewKey: () => charge.renewKeys(),
  }).catch((error: unknown) => replaceMissingCustomer(deps, charge, customerRef, error));
  if (await adoptRef(deps.knex, payment.id, 'setup_ref', setup.ref)) return setup;
  const current = await findPayment(deps.knex, payment.id);
  if (current === null) throw giveUp('not_found');
  return current.setup_ref === null ? null : deps.cards.retrieveSetup(current.setup_ref);
}

function confirmSetup(
  deps: MoneyDeps,
  charge: Charge,
  setup: Setup,
  methodRef: string,
): Promise<Setup> {
  return performOnce({
    act: () => deps.cards.confirmSetup(setup.ref, methodRef, charge.keyOf('save/confirm')),
    lookUp: async () => {
      const now = await deps.cards.retrieveSetup(setup.ref);
      return isUnconfirmed(now) ? null : now;
    },
    isStale: false,
    renewKey: () => charge.renewKeys(),
  });
}
