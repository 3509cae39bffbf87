import { insertRating } from '../../db/ratings.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSession } from '../sessions/open-session.ts';
import { auditContext } from '../access/audit-context.ts';

export interface RatingBody {
  readonly rating: number;
  readonly comment?: string | null;
}

/** POST /api/v1/sessions/{id}/rating */
export async function rateSession(call: Call<RatingBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const session = await openSession(call, 'rate');
  const { id } = session;
  if (session.status !== 'completed') {
    throw new HoldfastError('wrong_state', 'A session can be rated once it is completed', {
      sessionStatus: session.status,
    });
  }
  const { personId } = principal;
  const ratedAt = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      audit({ action: 'session.rate', objectType: 'session', objectId: id, subjectId: personId });
      const place = { purpose: 'rating', objectId: id, column: 'comment', rowId: personId };
      const text = body.comment ?? '';
      const comment = text === '' ? null : await deps.cipher.sealField(trx, place, text);
      const therapistId = session.therapist_id;
      return insertRating(trx, {
        sessionId: id,
        therapistId,
        personId,
        stars: body.rating,
        comment,
      });
    },
  );
  return {
    status: 201,
    body: { sessionId: id, rating: body.rating, ratedAt: ratedAt.toISOString() },
  };
}
