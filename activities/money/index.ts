import { Context } from '@temporalio/activity';
import type { Knex } from 'knex';
import type { CardGateway } from '../gateways/card-gateway.ts';
import { authorisePayment, chargeSavedCard } from './authorise.ts';
import { capturePayment } from './capture.ts';
import { closeUnpaid, voidPayment } from './close.ts';
import type { MoneyActivities } from './contract.ts';
import { closeCreditPurchase, payCreditPurchase, syncCreditPurchase } from './credit-purchase.ts';
import type { PurchaseOutcome } from './credit-purchase.ts';
import type { MoneyDeps } from './deps.ts';
import { translated } from './failures.ts';
import { reconcilePayment } from './reconcile.ts';
import type { ReconcileInput, ReconcileOutcome, ReviveSession } from './reconcile.ts';
import { refundPayment } from './refund.ts';
import { syncPayment } from './sync.ts';

export type { PurchaseOutcome } from './credit-purchase.ts';

export interface MoneyActivityDeps {
  readonly knex: Knex;
  readonly cards: CardGateway;
  /** How an expired session is begun again; without it, its money goes back. */
  readonly reviveSession?: ReviveSession;
  /** Epoch milliseconds; the machine's clock by default. */
  readonly now?: () => number;
  /** Time since the current activity was first scheduled, ms; Temporal's word by default. */
  readonly waitedMs?: () => number;
}

export interface ReconciliationActivities {
  reconcilePayment(input: ReconcileInput): Promise<ReconcileOutcome>;
}

export interface CreditPurchaseActivities {
  payCreditPurchase(input: { readonly purchaseId: string }): Promise<PurchaseOutcome>;
  syncCreditPurchase(input: { readonly purchaseId: string }): Promise<PurchaseOutcome>;
  closeCreditPurchase(input: { readonly purchaseId: string }): Promise<PurchaseOutcome>;
}

export type AllMoneyActivities = MoneyActivities &
  ReconciliationActivities &
  CreditPurchaseActivities;

/** What the money steps reach outside with, the machine's clock and Temporal's word by default. */
export function moneyDepsOf(options: MoneyActivityDeps): MoneyDeps {
  return {
    knex: options.knex,
    cards: options.cards,
    now: options.now ?? Date.now,
    waitedMs: options.waitedMs ?? waitedInActivityMs,
  };
}

/** Everything that moves money. Each activity may be killed at any line and run again. */
export function createMoneyActivities(options: MoneyActivityDeps): AllMoneyActivities {
  const deps = moneyDepsOf(options);
  const reviveSession = options.reviveSession ?? (() => Promise.resolve('gone'));
  return {
    authorisePayment: (input) => translated(() => authorisePayment(deps, input)),
    chargeSavedCard: (input) => translated(() => chargeSavedCard(deps, input)),
    capturePayment: (input) => translated(() => capturePayment(deps, input)),
    voidPayment: (input) => translated(() => voidPayment(deps, input)),
    closeUnpaid: (input) => translated(() => closeUnpaid(deps, input)),
    refundPayment: (input) => translated(() => refundPayment(deps, input)),
    syncPayment: (input) => translated(() => syncPayment(deps, input)),
    reconcilePayment: (input) =>
      translated(() => reconcilePayment({ ...deps, reviveSession }, input)),
    payCreditPurchase: (input) => translated(() => payCreditPurchase(deps, input)),
    syncCreditPurchase: (input) => translated(() => syncCreditPurchase(deps, input)),
    closeCreditPurchase: (input) => translated(() => closeCreditPurchase(deps, input)),
  };
}

function waitedInActivityMs(): number {
  return Date.now() - Context.current().info.scheduledTimestampMs;
}
