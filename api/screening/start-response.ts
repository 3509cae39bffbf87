import { findQuestionnaire, activeQuestionnaire } from '../../db/questionnaires.ts';
import type { Questionnaire } from '../../db/questionnaires.ts';
import { overdueDanger, raiseUnfinished } from '../../db/screening-danger.ts';
import { findOpenResponse, openResponse } from '../../db/screening-responses.ts';
import type { ScreeningResponse } from '../../db/screening-responses.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { typeNamed } from '../../domain/screening/instruments/index.ts';
import { auditContext } from '../access/audit-context.ts';
import { afterAnswering } from '../background.ts';
import { startAlert } from '../crisis/intake.ts';
import type { Call } from '../http/handler.ts';

/** Which questionnaire somebody wants to answer: a version by its id, or by its type. */
export interface StartWish {
  readonly questionnaireId?: string;
  readonly questionnaireType?: string;
}

export interface Started {
  readonly questionnaire: Questionnaire;
  readonly response: ScreeningResponse;
  /** False where an open one is gone on with. */
  readonly isNew: boolean;
}

/** Throws `not_found` for a questionnaire that there is not in the caller's clinic. */
async function chosenQuestionnaire(call: Call, wish: StartWish): Promise<Questionnaire> {
  const { deps, principal } = call;
  const { questionnaireId: id, questionnaireType } = wish;
  const type = questionnaireType === undefined ? null : typeNamed(questionnaireType);
  const found =
    id !== undefined
      ? isUuid(id)
        ? await findQuestionnaire(deps.knex, id)
        : null
      : await begunOrActive(call, type ?? '');
  const isKnown = found !== null && [null, principal.clinicId].includes(found.clinicId);
  if (!isKnown) throw new HoldfastError('not_found', 'There is no such questionnaire');
  if (type !== null && found.type !== type) {
    const fields = [{ field: 'questionnaireType', message: `must be ${found.type}, or left out` }];
    throw new HoldfastError('malformed_request', 'The questionnaire is of another type', {
      fields,
    });
  }
  return found;
}

/** Whoever has begun a version goes on with it, also when there is a newer one by now. */
async function begunOrActive(call: Call, type: string): Promise<Questionnaire | null> {
  const { knex } = call.deps;
  const { personId, clinicId } = call.principal;
  const begun = await findOpenResponse(knex, personId, type);
  return begun === null
    ? activeQuestionnaire(knex, clinicId, type)
    : findQuestionnaire(knex, begun.questionnaireId);
}

/** Begins to answer, or goes on where it was left. */
export async function startResponse(call: Call, wish: StartWish): Promise<Started> {
  const { deps, principal, newId: id } = call;
  const questionnaire = await chosenQuestionnaire(call, wish);
  const { id: questionnaireId, type } = questionnaire;
  const { personId, clinicId } = principal;
  const context = auditContext(principal, call.requestId);
  const { raised, ...opened } = await inTransaction(deps.knex, context, async (trx, audit) => {
    const left = await overdueDanger(trx, personId, questionnaireId);
    const found = left === null ? null : await raiseUnfinished(trx, left);
    if (found !== null) {
      const changes = { source: 'screening', severity: found.severity };
      const alert = { objectType: 'alert', objectId: found.alertId, subjectId: personId };
      audit({ action: 'alert.raise', ...alert, changes });
    }
    const begun = await openResponse(trx, { id, clinicId, personId, questionnaireId, type });
    audit({
      action: begun.isNew ? 'screening_response.start' : 'screening_response.resume',
      objectType: 'screening_response',
      objectId: begun.response.id,
      subjectId: personId,
    });
    return { ...begun, raised: found };
  });
  if (raised !== null) afterAnswering(deps.log, 'an alert', () => startAlert(deps, raised));
  return { questionnaire, ...opened };
}
