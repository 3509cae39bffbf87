import type { Knex } from 'knex';

/**
 * People who were erased: marked for good, and neither acting nor acted on. Whoever begins something
 * for somebody shares a lock on the person's row with others, which an erasure takes for itself: so
 * it is either there to be found by the erasure, or comes later and is refused.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE people ADD COLUMN erased_at timestamptz;

    CREATE TABLE erasures (
      person_id uuid PRIMARY KEY REFERENCES people,
      clinic_id uuid NOT NULL REFERENCES clinics,
      reason text NOT NULL,
      asked_by uuid REFERENCES people,
      asked_at timestamptz NOT NULL DEFAULT now(),
      -- Files that are still to be removed from the store.
      files uuid[] NOT NULL DEFAULT '{}',
      -- Null while something is left to do outside of the database.
      finished_at timestamptz
    );
    CREATE INDEX erasures_unfinished ON erasures (asked_at) WHERE finished_at IS NULL;

    CREATE FUNCTION refuse_erased(VARIADIC ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      known record;
    BEGIN
      FOR known IN SELECT erased_at FROM people WHERE id = ANY (ids) ORDER BY id FOR KEY SHARE LOOP
        IF known.erased_at IS NOT NULL THEN
          RAISE EXCEPTION 'The person was erased' USING ERRCODE = 'HF003';
        END IF;
      END LOOP;
    END $$;
    ${BEGINNINGS.map(([table, ...columns]) => refuseIn(table, columns)).join('\n')}
    ${TEXTS.map(([table, person, ...columns]) => refuseTextsIn(table, person, columns)).join('\n')}

    CREATE FUNCTION refuse_erased_in_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM refuse_erased((SELECT client_id FROM sessions WHERE id = NEW.session_id));
      RETURN NEW;
    END $$;
    CREATE TRIGGER not_for_erased BEFORE INSERT ON session_revisions FOR EACH ROW
      EXECUTE FUNCTION refuse_erased_in_revisions();

    -- An alert that was over before its person was erased; one that came later is nobody's to refuse.
    CREATE FUNCTION refuse_erased_in_notes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM crisis_alerts alert JOIN people ON people.id = alert.person_id
        WHERE alert.id = NEW.alert_id AND alert.resolved_at <= people.erased_at) THEN
        RAISE EXCEPTION 'The person was erased' USING ERRCODE = 'HF003';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER not_for_erased BEFORE INSERT ON crisis_notes FOR EACH ROW
      EXECUTE FUNCTION refuse_erased_in_notes();

    CREATE FUNCTION keep_erased() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF coalesce(current_setting('holdfast.erases', true), '') <> OLD.id::text THEN
        RAISE EXCEPTION 'The person was erased' USING ERRCODE = 'HF003';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER erased_for_good BEFORE UPDATE ON people FOR EACH ROW
      WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION keep_erased();
  `);
}

/** Tables in which something begins, with the columns that name for whom. */
const BEGINNINGS: readonly (readonly [string, ...string[]])[] = [
  ['sessions', 'client_id', 'therapist_id'],
  ['enrolments', 'person_id'],
  ['series', 'client_id', 'therapist_id'],
  ['waitlist_wishes', 'client_id'],
  ['relationships', 'client_id', 'therapist_id'],
  ['support_sessions', 'patient_id'],
  ['support_participants', 'person_id'],
  ['companion_conversations', 'person_id'],
  ['screening_responses', 'person_id'],
  ['insurance_authorisations', 'client_id'],
  ['credit_purchases', 'person_id'],
  ['calendar_feeds', 'person_id'],
  ['notification_preferences', 'person_id'],
  ['phone_verifications', 'person_id'],
  ['foreign_identities', 'person_id'],
  ['one_time_tokens', 'person_id'],
  ['token_families', 'person_id'],
  ['anonymous_sessions', 'person_id'],
  ['therapist_profiles', 'person_id'],
  ['availability_rules', 'therapist_id'],
  ['availability_exceptions', 'therapist_id'],
  ['therapy_groups', 'therapist_id'],
  ['roster_overrides', 'person_id'],
];

/** What can still be written about somebody when it is over: table, person, sealed columns. */
const TEXTS: readonly (readonly [string, string, ...string[]])[] = [
  ['sessions', 'client_id', 'details', 'last_reason'],
  ['enrolments', 'person_id', 'last_reason'],
  ['support_sessions', 'patient_id', 'details', 'notes', 'feedback', 'helper_feedback'],
  ['calendar_feeds', 'person_id', 'source_url'],
];

function refuseIn(table: string, columns: readonly string[]): string {
  return `
    CREATE FUNCTION refuse_erased_in_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM refuse_erased(${columns.map((column) => `NEW.${column}`).join(', ')});
      RETURN NEW;
    END $$;
    CREATE TRIGGER not_for_erased BEFORE INSERT ON ${table} FOR EACH ROW
      EXECUTE FUNCTION refuse_erased_in_${table}();`;
}

function refuseTextsIn(table: string, person: string, columns: readonly string[]): string {
  const isWritten = columns
    .map((column) => `NEW.${column} IS NOT NULL AND NEW.${column} IS DISTINCT FROM OLD.${column}`)
    .join(' OR ');
  return `
    CREATE FUNCTION refuse_texts_in_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM refuse_erased(NEW.${person});
      RETURN NEW;
    END $$;
    CREATE TRIGGER no_texts_of_erased BEFORE UPDATE OF ${columns.join(', ')} ON ${table}
      FOR EACH ROW WHEN (${isWritten}) EXECUTE FUNCTION refuse_texts_in_${table}();`;
}
