import type { Knex } from 'knex';
import type { Grant } from '../domain/authorisations.ts';

/** Sessions that will draw on an authorisation unless they come to nothing. */
const PROMISED = `(SELECT count(*)::int FROM sessions promised
  WHERE promised.authorisation_id = granted.id AND promised.status IN
    ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress'))`;

/** A client's grants with what is left of each. */
export async function listGrants(knex: Knex, clientId: string): Promise<Grant[]> {
  const { rows } = await knex.raw<{ rows: Grant[] }>(
    `SELECT id, payer, valid_from::text AS "validFrom", valid_to::text AS "validTo",
       sessions_granted - sessions_used - ${PROMISED} AS remaining
     FROM insurance_authorisations granted WHERE client_id = ?`,
    [clientId],
  );
  return rows;
}

/**
 * Whether grants suffice for what has been promised of them, counted under their locks: of two
 * bookings that are made at once, the second one counts the first.
 */
export async function grantsSuffice(
  trx: Knex.Transaction,
  ids: readonly string[],
): Promise<boolean> {
  const wanted = [...new Set(ids)].toSorted();
  if (wanted.length === 0) return true;
  await trx.raw(
    'SELECT id FROM insurance_authorisations WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE',
    [wanted],
  );
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `SELECT id FROM insurance_authorisations granted
     WHERE id = ANY (?) AND sessions_used + ${PROMISED} > sessions_granted`,
    [wanted],
  );
  return rows.length === 0;
}
