import type { Knex } from 'knex';

/**
 * The card that a client has given for a series: the last one that the provider took for any
 * occurrence of it, also of the series that it was split from.
 */
export async function findSeriesCard(
  knex: Knex,
  rootId: string,
  clientId: string,
): Promise<string | null> {
  const { rows } = await knex.raw<{ rows: { card: string }[] }>(
    `SELECT payments.saved_card_ref AS card FROM payments
     JOIN series_occurrences occurrence ON occurrence.session_id = payments.session_id
     JOIN series ON series.id = occurrence.series_id
     WHERE series.root_id = ? AND payments.person_id = ? AND payments.method = 'card'
       AND payments.state IN ('saved', 'authorised', 'captured')
       AND payments.saved_card_ref IS NOT NULL
     ORDER BY payments.card_token IS NULL, payments.updated_at DESC LIMIT 1`,
    [rootId, clientId],
  );
  return rows[0]?.card ?? null;
}

export interface CardPayment {
  readonly id: string;
  readonly sessionId: string;
  readonly cardRef: string;
}

/**
 * An attempt that is charged near the date with the card of the series. A session gets one: when
 * the card is refused, its client is asked. Null where there was one, or the client is paying.
 */
export async function insertCardPayment(
  trx: Knex.Transaction,
  { id, sessionId, cardRef }: CardPayment,
): Promise<string | null> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `WITH session AS (SELECT * FROM sessions WHERE id = :sessionId FOR NO KEY UPDATE)
     INSERT INTO payments (id, session_id, person_id, attempt, method, state, amount_cents,
       currency, saved_card_ref)
     SELECT :id, session.id, session.client_id, coalesce(max(earlier.attempt), 0) + 1, 'card',
       'saved', session.due_cents, session.currency, :cardRef
     FROM session LEFT JOIN payments earlier ON earlier.session_id = session.id
     WHERE session.due_cents > 0
     GROUP BY session.id, session.client_id, session.due_cents, session.currency
     HAVING count(*) FILTER (WHERE earlier.method = 'card' AND earlier.card_token IS NULL
       OR earlier.state IN ('created', 'requires_action', 'processing')) = 0
     RETURNING id`,
    { id, sessionId, cardRef },
  );
  return rows[0]?.id ?? null;
}

export interface UnpaidOccurrence {
  readonly sessionId: string;
  readonly rootId: string;
  readonly clientId: string;
  /** The attempt with the card of the series that its workflow has not heard of. */
  readonly untoldPaymentId: string | null;
}

/**
 * Open occurrences that wait for a payment although a card was given for their series. With a
 * session, only those of its series.
 */
export async function unpaidWithCard(
  knex: Knex,
  ofSessionId: string | null,
): Promise<UnpaidOccurrence[]> {
  const { rows } = await knex.raw<{ rows: UnpaidOccurrence[] }>(
    `SELECT sessions.id AS "sessionId", series.root_id AS "rootId",
       series.client_id AS "clientId", untold.id AS "untoldPaymentId"
     FROM sessions
     JOIN series_occurrences occurrence ON occurrence.session_id = sessions.id
     JOIN series ON series.id = occurrence.series_id
     LEFT JOIN LATERAL (SELECT id FROM payments WHERE session_id = sessions.id
       AND method = 'card' AND card_token IS NULL AND state = 'saved' LIMIT 1) untold ON true
     WHERE sessions.status = 'awaiting_payment' AND sessions.payment = 'due'
       AND sessions.ends_at > now()
       AND (:of::uuid IS NULL OR series.root_id = (SELECT root_id FROM series_occurrences own
         JOIN series ON series.id = own.series_id WHERE own.session_id = :of::uuid))
       AND EXISTS (SELECT FROM payments JOIN series_occurrences other
           ON other.session_id = payments.session_id JOIN series paid ON paid.id = other.series_id
         WHERE paid.root_id = series.root_id AND payments.person_id = series.client_id
           AND payments.method = 'card' AND payments.saved_card_ref IS NOT NULL
           AND payments.state IN ('saved', 'authorised', 'captured'))
       AND (untold.id IS NOT NULL OR NOT EXISTS (SELECT FROM payments
         WHERE session_id = sessions.id AND (method = 'card' AND card_token IS NULL
           OR state IN ('created', 'requires_action', 'processing'))))
     ORDER BY sessions.starts_at LIMIT 200`,
    { of: ofSessionId },
  );
  return rows;
}

/** Consents were given for the series with its first payment; every later occurrence has them. */
export async function carryConsents(
  trx: Knex.Transaction,
  rootId: string,
  sessionIds: readonly string[],
): Promise<void> {
  await trx.raw(
    `UPDATE enrolments SET consents = given.consents FROM (
       SELECT enrolments.consents, enrolments.person_id FROM enrolments
       JOIN series_occurrences occurrence ON occurrence.session_id = enrolments.session_id
       JOIN series ON series.id = occurrence.series_id
       WHERE series.root_id = ? AND enrolments.consents <> '{}'
       ORDER BY enrolments.updated_at DESC LIMIT 1) given
     WHERE enrolments.session_id = ANY(?) AND enrolments.person_id = given.person_id
       AND enrolments.consents = '{}'`,
    [rootId, [...sessionIds]],
  );
}
