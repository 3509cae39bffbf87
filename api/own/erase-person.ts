import { findPerson } from '../../db/people.ts';
import { blockersOf } from '../../db/personal-data/blockers.ts';
import {
  erasePersonalData,
  finishErasure,
  lockForErasure,
  unfinishedErasures,
} from '../../db/personal-data/erase.ts';
import type { Erasure, ErasureReason } from '../../db/personal-data/erase.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayJudgePerson } from '../access/people-access.ts';
import type { ApiDeps } from '../context.ts';
import type { Answer, Call } from '../http/handler.ts';

export interface EraseBody {
  /** The person's id once more: nobody is erased by a slip. */
  readonly confirm?: string;
  readonly reason: ErasureReason;
}

type Store = Pick<ApiDeps, 'knex' | 'attachments'>;

/**
 * POST /api/v1/people/{id}/erase. All of the database in one transaction, then the files; whatever a
 * crash leaves of those is removed by the next request for it, or by the housekeeping.
 */
export async function erasePerson(call: Call<EraseBody>): Promise<Answer> {
  const { deps, principal } = call;
  const personId = call.params['id']!;
  const target = { action: 'person.erase', objectType: 'person', objectId: personId };
  await enforce(call, mayJudgePerson(principal, await findPerson(deps.knex, personId)), target);
  requireConfirmation(call, personId);
  const erased = await eraseInDatabase(call, personId);
  const erasure = (await removeFiles(deps, erased)) ?? erased;
  return { status: 200, body: present(erasure) };
}

function requireConfirmation({ body, principal }: Call<EraseBody>, personId: string): void {
  if (body.confirm?.toLowerCase() !== personId.toLowerCase()) {
    const message = 'must be the id of the person: what is erased does not come back';
    const fields = [{ field: 'confirm', message }];
    throw new HoldfastError('confirmation_required', `confirm ${message}`, { fields });
  }
  if (personId === principal.personId) {
    throw new HoldfastError('refused_by_rule', 'Nobody erases themselves');
  }
}

/** The audit row names the reason's code and how many files are to go. */
async function eraseInDatabase(call: Call<EraseBody>, personId: string): Promise<Erasure> {
  const { deps, principal, requestId, body } = call;
  const { clinicId, personId: askedBy } = principal;
  const { reason } = body;
  return inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    await lockForErasure(trx, { personId, askedBy });
    const blockers = await blockersOf(trx, { personId, clinicId });
    if (blockers.length > 0) {
      const message = 'Something of theirs has not come to its end';
      throw new HoldfastError('erasure_blocked', message, { blockers });
    }
    const erasure = await erasePersonalData(trx, { personId, clinicId, askedBy, reason });
    const about = { action: 'person.erase', objectType: 'person', objectId: personId };
    audit({ ...about, subjectId: personId, changes: { reason, files: erasure.files.length } });
    return erasure;
  });
}

async function removeFiles(
  { knex, attachments }: Store,
  erasure: Erasure,
): Promise<Erasure | null> {
  for (const file of erasure.files) await attachments.store.remove(file);
  return finishErasure(knex, erasure.personId, erasure.files);
}

/** Ends what a crash has left half done. */
export async function finishErasures(deps: Store): Promise<void> {
  for (const erasure of await unfinishedErasures(deps.knex)) await removeFiles(deps, erasure);
}

function present({ personId, reason, askedBy, askedAt, finishedAt }: Erasure): object {
  return {
    personId,
    reason,
    askedBy,
    askedAt: askedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
