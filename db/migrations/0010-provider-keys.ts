import type { Knex } from 'knex';

/** What asking a card provider again needs: saved-card set-ups, key generations, event claims. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A provider that answers 500 stores that answer under the request's key. Once its own
    -- records show that nothing was done, the next request takes the next generation of keys.
    ALTER TABLE payments
      ADD COLUMN setup_ref text UNIQUE,
      ADD COLUMN captured_at timestamptz,
      ADD COLUMN key_generation smallint NOT NULL DEFAULT 0;
    ALTER TABLE refunds ADD COLUMN key_generation smallint NOT NULL DEFAULT 0;

    ALTER TABLE credit_purchases
      ADD COLUMN card_token text,
      ADD COLUMN saved_card_ref text,
      ADD COLUMN key_generation smallint NOT NULL DEFAULT 0,
      DROP CONSTRAINT credit_purchases_state_check,
      ADD CONSTRAINT credit_purchases_state_check CHECK
        (state IN ('created', 'requires_action', 'processing', 'paid', 'failed'));

    -- Whoever handles an event claims it for a while; a crash leaves it to the next delivery.
    ALTER TABLE provider_events ADD COLUMN claimed_until timestamptz;
  `);
}
