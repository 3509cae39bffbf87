import type { Knex } from 'knex';
import { liveSeatOf } from './seats.ts';
import type { SendState } from './sends.ts';

/** What a delivery receipt says: `sent` is no more than that the provider has accepted it. */
export interface SendReceipt {
  readonly key: string;
  readonly providerRef: string;
  readonly state: 'sent' | 'delivered' | 'failed';
  /** The provider's code of a failure. */
  readonly code: string | null;
}

export interface SettledSend {
  readonly sessionId: string | null;
  /** The recipient's seat, in a group. */
  readonly enrolmentId: string | undefined;
  readonly state: SendState;
}

/**
 * Takes a receipt into the ledger. It settles what was ambiguous; what is settled stays,
 * since receipts overtake each other. Gives the send that a failure was told of; null for a
 * receipt that asks nobody to act, and for a key that was never used.
 */
export async function takeReceipt(knex: Knex, receipt: SendReceipt): Promise<SettledSend | null> {
  const { key, providerRef, state, code } = receipt;
  const movable = state === 'sent' ? ['sending', 'ambiguous'] : ['sending', 'ambiguous', 'sent'];
  await knex.raw(
    `UPDATE sends SET state = :state,
       provider_ref = coalesce(provider_ref, :providerRef), sent_at = coalesce(sent_at, now()),
       reason = CASE WHEN :hasFailed THEN :code ELSE reason END,
       settled_at = CASE WHEN :isSettled THEN now() ELSE settled_at END
     WHERE key = :key AND state = ANY (:movable)`,
    {
      key,
      state,
      providerRef,
      code,
      movable,
      hasFailed: state === 'failed',
      isSettled: state !== 'sent',
    },
  );
  return state === 'failed' ? findSettled(knex, key) : null;
}

async function findSettled(knex: Knex, key: string): Promise<SettledSend | null> {
  const row = await knex('sends').where({ key }).first('session_id', 'recipient_id', 'state');
  if (row === undefined) return null;
  const { session_id: sessionId, recipient_id: recipientId } = row;
  const seat = sessionId === null ? null : await liveSeatOf(knex, sessionId, recipientId);
  return { sessionId, enrolmentId: seat ?? undefined, state: row.state };
}

/** The holder of a number wants no more texts. */
export async function optOut(knex: Knex, phone: string): Promise<void> {
  await knex('sms_opt_outs').insert({ phone }).onConflict('phone').ignore();
}

export async function optIn(knex: Knex, phone: string): Promise<void> {
  await knex('sms_opt_outs').where({ phone }).delete();
}
