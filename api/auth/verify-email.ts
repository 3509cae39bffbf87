import { findPerson, markEmailVerified } from '../../db/people.ts';
import { takeOneTimeToken } from '../../db/tokens.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, PublicCall } from '../http/handler.ts';
import { hashSecret } from './secrets.ts';

/**
 * `GET /auth/verify-email?token=`: proves an address. Mail scanners open links before people
 * do, so a second visit within the token's time is told the same.
 */
export async function verifyEmail(call: PublicCall<unknown, { token: string }>): Promise<Answer> {
  const context = auditContext(call.principal, call.requestId);
  const hash = hashSecret(call.query.token);
  const person = await inTransaction(call.deps.knex, context, async (trx, audit) => {
    const use = await takeOneTimeToken(trx, hash, 'verify_email');
    if (use === null) return null;
    const { personId } = use;
    if (use.isFirst) {
      await markEmailVerified(trx, personId);
      audit({
        action: 'person.verify_email',
        objectType: 'person',
        objectId: personId,
        subjectId: personId,
      });
    }
    return findPerson(trx, personId);
  });
  if (person === null) {
    throw new HoldfastError('not_found', 'This link is unknown or has expired');
  }
  const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return { status: 200, headers, body: { verified: true } };
}
