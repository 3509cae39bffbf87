import type { Knex } from 'knex';

/** Payments and refunds, and the double-entry ledger of prepaid credits. Amounts are minor units. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE payments (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      attempt smallint NOT NULL,
      method text NOT NULL CHECK (method IN ('card', 'credits')),
      state text NOT NULL CHECK (state IN ('created', 'requires_action', 'processing', 'saved',
        'authorised', 'captured', 'voided', 'failed', 'lapsed', 'refunded')),
      amount_cents integer NOT NULL CHECK (amount_cents > 0),
      currency char(3) NOT NULL,
      card_token text,
      provider_ref text UNIQUE,
      saved_card_ref text,
      capture_before timestamptz,
      captured_cents integer NOT NULL DEFAULT 0,
      refunded_cents integer NOT NULL DEFAULT 0,
      error_code text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (captured_cents BETWEEN 0 AND amount_cents),
      CHECK (refunded_cents BETWEEN 0 AND captured_cents),
      UNIQUE (session_id, person_id, attempt)
    );
    CREATE INDEX payments_by_session ON payments (session_id, attempt DESC);

    CREATE TABLE refunds (
      id uuid PRIMARY KEY,
      payment_id uuid NOT NULL REFERENCES payments,
      key text NOT NULL UNIQUE,
      amount_cents integer NOT NULL CHECK (amount_cents > 0),
      reason text NOT NULL,
      state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
      provider_ref text UNIQUE,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX refunds_by_payment ON refunds (payment_id);

    CREATE TABLE provider_events (
      id text PRIMARY KEY,
      provider text NOT NULL,
      type text NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now(),
      handled_at timestamptz
    );

    CREATE TABLE credit_accounts (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid REFERENCES people,
      kind text NOT NULL CHECK (kind IN ('balance', 'reserved', 'sold', 'earned')),
      balance_cents bigint NOT NULL DEFAULT 0,
      CHECK (kind NOT IN ('balance', 'reserved') OR balance_cents >= 0),
      CHECK ((person_id IS NOT NULL) = (kind IN ('balance', 'reserved')))
    );
    CREATE UNIQUE INDEX credit_accounts_of_people ON credit_accounts (person_id, kind)
      WHERE person_id IS NOT NULL;
    CREATE UNIQUE INDEX credit_accounts_of_clinics ON credit_accounts (clinic_id, kind)
      WHERE person_id IS NULL;

    CREATE TABLE credit_transfers (
      id uuid PRIMARY KEY,
      key text NOT NULL UNIQUE,
      kind text NOT NULL CHECK (kind IN ('purchase', 'reserve', 'capture', 'void', 'refund')),
      session_id uuid REFERENCES sessions,
      payment_id uuid REFERENCES payments,
      provider_ref text,
      created_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE credit_entries (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      transfer_id uuid NOT NULL REFERENCES credit_transfers,
      account_id uuid NOT NULL REFERENCES credit_accounts,
      amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (transfer_id, account_id)
    );
    CREATE INDEX credit_entries_by_account ON credit_entries (account_id, id DESC);

    CREATE FUNCTION credit_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT sum(amount_cents) FROM credit_entries WHERE transfer_id = NEW.transfer_id) <> 0 THEN
        RAISE EXCEPTION 'credit transfer % does not balance', NEW.transfer_id
          USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER credit_entries_balance AFTER INSERT ON credit_entries
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_transfer_balances();

    CREATE FUNCTION credit_entry_moves_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE credit_accounts SET balance_cents = balance_cents + NEW.amount_cents
        WHERE id = NEW.account_id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER credit_entries_move_balance AFTER INSERT ON credit_entries
      FOR EACH ROW EXECUTE FUNCTION credit_entry_moves_balance();

    CREATE TABLE credit_purchases (
      id uuid PRIMARY KEY,
      person_id uuid NOT NULL REFERENCES people,
      amount_cents integer NOT NULL CHECK (amount_cents > 0),
      currency char(3) NOT NULL,
      state text NOT NULL CHECK (state IN ('created', 'requires_action', 'paid', 'failed')),
      provider_ref text UNIQUE,
      error_code text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX credit_purchases_by_person ON credit_purchases (person_id, created_at DESC);
  `);
}
