import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';

export interface NewRating {
  readonly sessionId: string;
  readonly therapistId: string;
  readonly personId: string;
  /** 1 to 5. */
  readonly stars: number;
  /** Encrypted. */
  readonly comment: Buffer | null;
}

/**
 * Records a person's rating of a session, once, and adds it to the therapist's figures.
 * Returns when it was given. Throws `already_exists`.
 */
export async function insertRating(trx: Knex.Transaction, rating: NewRating): Promise<Date> {
  const { rows } = await trx.raw<{ rows: { created_at: Date }[] }>(
    `INSERT INTO ratings (session_id, person_id, stars, comment)
     VALUES (:sessionId, :personId, :stars, :comment)
     ON CONFLICT DO NOTHING RETURNING created_at`,
    {
      sessionId: rating.sessionId,
      personId: rating.personId,
      stars: rating.stars,
      comment: rating.comment,
    },
  );
  if (rows[0] === undefined) {
    throw new HoldfastError('already_exists', 'You have rated this session already');
  }
  await trx.raw(
    `UPDATE therapist_profiles SET rating_sum = rating_sum + ?, rating_count = rating_count + 1
     WHERE person_id = ?`,
    [rating.stars, rating.therapistId],
  );
  return rows[0].created_at;
}
