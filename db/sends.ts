import type { Knex } from 'knex';
import type { Channel } from '../domain/plan.ts';

export type SendState = 'sending' | 'sent' | 'delivered' | 'failed' | 'ambiguous' | 'skipped';

/** One row of the ledger that makes each message go out at most once. */
export interface SendRow {
  readonly key: string;
  readonly state: SendState;
  readonly provider_ref: string | null;
  readonly created_at: Date;
}

export interface NewSend {
  readonly key: string;
  readonly sessionId: string | null;
  readonly recipientId: string;
  readonly kind: string;
  readonly channel: Channel;
  readonly scheduleVersion: number | null;
  readonly dueAtMs: number | null;
}

/** Takes the right to send. `isMine` is false when an earlier attempt took it: `row` says how far it came. */
export async function openSend(
  knex: Knex,
  send: NewSend,
): Promise<{ isMine: boolean; row: SendRow }> {
  const inserted = await knex.raw(
    `INSERT INTO sends
         (key, session_id, recipient_id, kind, channel, schedule_version, state, due_at)
       VALUES (?, ?, ?, ?, ?, ?, 'sending', ?) ON CONFLICT (key) DO NOTHING
       RETURNING key, state, provider_ref, created_at`,
    [
      send.key,
      send.sessionId,
      send.recipientId,
      send.kind,
      send.channel,
      send.scheduleVersion,
      send.dueAtMs === null ? null : new Date(send.dueAtMs),
    ],
  );
  if (inserted.rowCount === 1) return { isMine: true, row: inserted.rows[0] };
  const row = await findSend(knex, send.key);
  if (row === null) throw new Error(`the send ledger lost ${send.key}`);
  return { isMine: false, row };
}

export async function findSend(knex: Knex, key: string): Promise<SendRow | null> {
  const row = await knex('sends')
    .where({ key })
    .first('key', 'state', 'provider_ref', 'created_at');
  return row ?? null;
}

/**
 * Takes over the right to send from an attempt that began at least `idleMs` ago and of which
 * nothing more was heard. Of several callers one gets it.
 */
export async function takeOverSend(knex: Knex, key: string, idleMs: number): Promise<boolean> {
  const taken = await knex.raw(
    `UPDATE sends SET created_at = clock_timestamp() WHERE key = ? AND state = 'sending'
       AND created_at <= clock_timestamp() - make_interval(secs => ?::float8 / 1000)`,
    [key, idleMs],
  );
  return taken.rowCount === 1;
}

/** Nothing went out: whoever tries next begins anew. */
export async function giveSendBack(knex: Knex, key: string): Promise<void> {
  await knex('sends').where({ key, state: 'sending' }).delete();
}

/** Moves a send on, but never away from what a delivery receipt has settled. */
export async function markSend(
  knex: Knex,
  key: string,
  state: SendState,
  facts: { providerRef?: string; reason?: string } = {},
): Promise<void> {
  const isSettled = state === 'delivered' || state === 'failed' || state === 'skipped';
  await knex.raw(
    `UPDATE sends SET state = :state,
         provider_ref = coalesce(:providerRef, provider_ref), reason = coalesce(:reason, reason),
         sent_at = CASE WHEN :isSent THEN now() ELSE sent_at END,
         settled_at = CASE WHEN :isSettled THEN now() ELSE settled_at END
       WHERE key = :key AND state NOT IN ('delivered', 'failed', 'skipped')`,
    {
      key,
      state,
      providerRef: facts.providerRef ?? null,
      reason: facts.reason ?? null,
      isSent: state === 'sent',
      isSettled,
    },
  );
}

/** Whether an entry for their calendar was sent to a person, or may have been. */
export async function wasInvited(
  knex: Knex,
  sessionId: string,
  recipientId: string,
): Promise<boolean> {
  const sent = await knex('sends')
    .where({ session_id: sessionId, recipient_id: recipientId })
    .whereIn('kind', ['confirmed', 'rescheduled', 'reassigned'])
    .whereNotIn('state', ['failed', 'skipped'])
    .first('key');
  return sent !== undefined;
}

/** Whether anything was sent for a session under a key that begins like this. */
export async function wasSent(knex: Knex, sessionId: string, keyPrefix: string): Promise<boolean> {
  const sent = await knex('sends')
    .where({ session_id: sessionId })
    .whereRaw('starts_with(key, ?)', [keyPrefix])
    .whereNotIn('state', ['failed', 'skipped'])
    .first('key');
  return sent !== undefined;
}
