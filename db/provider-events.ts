import type { Knex } from 'knex';

/** How long a claimed event is left to whoever is handling it, before a crash is assumed. */
const CLAIM_SECONDS = 30;

/** `mine`: handle it now; `handled`: somebody did; `busy`: somebody is at it. */
export type EventClaim = 'mine' | 'handled' | 'busy';

/** Takes the right to handle a provider's event: one caller at a time, once in all. */
export async function claimEvent(
  knex: Knex,
  event: { readonly id: string; readonly provider: string; readonly type: string },
): Promise<EventClaim> {
  const claimed = await knex.raw(
    `INSERT INTO provider_events (id, provider, type, claimed_until)
     VALUES (?, ?, ?, clock_timestamp() + make_interval(secs => ?))
     ON CONFLICT (id) DO UPDATE SET claimed_until = excluded.claimed_until
       WHERE provider_events.handled_at IS NULL
         AND coalesce(provider_events.claimed_until, '-infinity') < clock_timestamp()
     RETURNING id`,
    [event.id, event.provider, event.type, CLAIM_SECONDS],
  );
  if (claimed.rowCount === 1) return 'mine';
  return (await isHandled(knex, event.id)) ? 'handled' : 'busy';
}

export async function isHandled(knex: Knex, eventId: string): Promise<boolean> {
  const row = await knex('provider_events').where({ id: eventId }).first('handled_at');
  return row !== undefined && row.handled_at !== null;
}

export async function markHandled(knex: Knex, eventId: string): Promise<void> {
  await knex('provider_events')
    .where({ id: eventId })
    .update({ handled_at: knex.fn.now(), claimed_until: null });
}

/** Handling it went wrong: the next delivery may try at once. */
export async function releaseEvent(knex: Knex, eventId: string): Promise<void> {
  await knex('provider_events')
    .where({ id: eventId, handled_at: null })
    .update({ claimed_until: null });
}

/** Forgets events that were handled more than `ageMs` ago; returns how many. */
export async function forgetOldEvents(knex: Knex, ageMs: number): Promise<number> {
  return knex('provider_events')
    .whereRaw(`handled_at < now() - ? * interval '1 millisecond'`, [ageMs])
    .delete();
}
