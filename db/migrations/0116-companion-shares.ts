import type { Knex } from 'knex';

/**
 * No one person's turns cost a clinic more than a share of what its model may cost on a day. A holder
 * has one row, which the next day takes over.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE companion_shares (
      -- A keyed digest: it leads to nobody.
      holder bytea PRIMARY KEY,
      -- A day of the clinic's.
      day date NOT NULL,
      micros bigint NOT NULL
    );
  `);
  await knex.raw(RESERVE);
  await knex.raw(SETTLE);
}

/**
 * Sets aside what a call of the model may cost at most, for the person and for the clinic: both, or
 * neither. Both functions lock the person's row before the clinic's, for which everybody waits.
 */
const RESERVE = `
  CREATE FUNCTION reserve_companion_spending(
    in_clinic uuid, by_holder bytea, cost bigint, clinic_most bigint, person_most bigint,
    OUT outcome text, OUT day date
  ) LANGUAGE plpgsql AS $$
  BEGIN
    SELECT (now() AT TIME ZONE c.time_zone)::date INTO day FROM clinics c WHERE c.id = in_clinic;
    IF day IS NULL OR cost > clinic_most THEN outcome := 'clinic_over'; RETURN; END IF;
    IF cost > person_most THEN outcome := 'person_over'; RETURN; END IF;

    INSERT INTO companion_shares AS share (holder, day, micros)
      VALUES (by_holder, reserve_companion_spending.day, cost)
      ON CONFLICT (holder) DO UPDATE SET day = excluded.day, micros = excluded.micros
        + CASE WHEN share.day = excluded.day THEN share.micros ELSE 0 END
      WHERE share.day <> excluded.day OR share.micros + excluded.micros <= person_most;
    IF NOT FOUND THEN outcome := 'person_over'; RETURN; END IF;

    INSERT INTO companion_spending AS spent (clinic_id, day, micros, calls)
      VALUES (in_clinic, reserve_companion_spending.day, cost, 1)
      ON CONFLICT ON CONSTRAINT companion_spending_pkey
      DO UPDATE SET micros = spent.micros + excluded.micros, calls = spent.calls + 1
      WHERE spent.micros + excluded.micros <= clinic_most;
    IF FOUND THEN outcome := 'reserved'; RETURN; END IF;
    UPDATE companion_shares SET micros = micros - cost WHERE holder = by_holder;
    outcome := 'clinic_over';
  END $$;
`;

/** Puts what a call really cost in place of what was set aside for it. */
const SETTLE = `
  CREATE FUNCTION settle_companion_spending(
    in_clinic uuid, by_holder bytea, on_day date, difference bigint
  ) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE companion_shares SET micros = greatest(0, micros + difference)
      WHERE holder = by_holder AND day = on_day;
    UPDATE companion_spending SET micros = greatest(0, micros + difference)
      WHERE clinic_id = in_clinic AND day = on_day;
  END $$;
`;
