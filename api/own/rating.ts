import { insertRating } from '../../db/ratings.ts';
import { findSession } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce } from './access.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';

export interface RatingBody {
  readonly rating: number;
  readonly comment?: string | null;
}

/** POST /api/v1/sessions/{id}/rating */
export async function rateSession(call: Call<RatingBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const id = call.params['id']!;
  const target = { action: 'session.rate', objectType: 'session', objectId: id };
  const session = await findSession(deps.knex, id);
  await enforce(call, verdictOn('rate', relationTo(principal, session)), target);
  if (session?.status !== 'completed') {
    throw new HoldfastError('wrong_state', 'A session can be rated once it is completed', {
      status: session?.status,
    });
  }
  const { personId } = principal;
  const ratedAt = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      audit({ ...target, subjectId: personId });
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
