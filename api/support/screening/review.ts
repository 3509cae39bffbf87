import { findResult, recordReview } from '../../../db/screening-results.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { mayRunScreening } from '../../access/screening-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { reviewNotesRef } from '../../screening/answers.ts';
import { inBothShapes } from '../dialect.ts';
import { resultShapes } from './present.ts';

interface ReviewBody {
  readonly decision: string;
  readonly notes?: string | null;
}

/** POST /api/results/{id}/review */
export async function reviewResult(call: Call<ReviewBody>): Promise<Answer> {
  const { deps, body, principal, requestId } = call;
  const id = call.params['id']!;
  const target = {
    action: 'screening_result.review',
    objectType: 'screening_result',
    objectId: id,
  };
  await enforce(call, mayRunScreening(principal), target);
  const found = await findResult(deps.knex, id);
  const result = found?.clinicId === principal.clinicId ? found : null;
  if (result === null) throw new HoldfastError('not_found', 'There is no such result');
  if (result.review === 'none') {
    throw new HoldfastError('wrong_state', 'This result was not flagged', { reviewStatus: 'none' });
  }
  const { decision, notes = null } = body;
  const context = auditContext(principal, requestId);
  await inTransaction(deps.knex, context, async (trx, audit) => {
    const ref = reviewNotesRef(result.responseId);
    const sealed = notes === null || notes === '' ? null : deps.cipher.sealField(trx, ref, notes);
    const review = { id, decision, notes: await sealed, reviewedBy: principal.personId };
    if (!(await recordReview(trx, review))) {
      const message = 'This result has been reviewed';
      throw new HoldfastError('wrong_state', message, { reviewStatus: 'done' });
    }
    audit({ ...target, subjectId: result.personId, changes: { decision } });
  });
  const { a, b } = resultShapes((await findResult(deps.knex, id))!);
  const own = { notes, reviewedBy: principal.personId };
  return inBothShapes(200, {
    message: 'Result reviewed',
    a: { ...a, ...own, result: { ...a, ...own } },
    b: { result: { ...b, ...own } },
  });
}
