import { replacePassword } from '../../db/accounts.ts';
import { findPasswordHash } from '../../db/people.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { inBothShapes } from '../support/dialect.ts';
import { hashPassword, requireGoodPassword, verifyPassword } from './passwords.ts';
import { createSignInGuard } from './sign-in-guard.ts';

export interface PasswordBody {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * `PUT /api/auth/password`: everything that the old password had opened ends, but for the family of
 * the token that asks. Whoever has found a token may guess as seldom here as at signing in.
 */
export async function changePassword(call: Call<PasswordBody>): Promise<Answer> {
  const { body, deps, principal, requestId } = call;
  const { personId } = principal;
  requireGoodPassword('newPassword', body.newPassword);
  const guard = createSignInGuard(deps.knex);
  const name = `password of ${personId}`;
  await guard.enter(name);
  const fromHash = await findPasswordHash(deps.knex, personId);
  const isRight = await verifyPassword(fromHash, body.currentPassword);
  if (fromHash === null || !isRight) throw wrong();
  await guard.succeed(name);
  const toHash = await hashPassword(body.newPassword);
  const keptFamilyId = principal.familyId;
  const because = 'password_changed';
  const context = auditContext(principal, requestId);
  const replaced = await inTransaction(deps.knex, context, async (trx, audit) => {
    const change = { personId, fromHash, toHash, keptFamilyId, because };
    const whose = { objectType: 'person', objectId: personId, subjectId: personId };
    audit({ action: 'person.change_password', ...whose });
    return replacePassword(trx, change);
  });
  if (replaced === null) throw wrong();
  for (const familyId of replaced.revokedFamilyIds) deps.authenticator.forgetFamily(familyId);
  return inBothShapes(200, { message: 'Password changed successfully' });
}

function wrong(): HoldfastError {
  const fields = [{ field: 'currentPassword', message: 'is not the password of this account' }];
  const message = 'The current password is not right';
  return new HoldfastError('refused_by_rule', message, { fields });
}
