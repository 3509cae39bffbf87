import { replacePassword } from '../../db/accounts.ts';
import { findCredentials } from '../../db/people.ts';
import type { Person } from '../../db/people.ts';
import {
  countLiveTokens,
  insertOneTimeToken,
  isOneTimeTokenLive,
  takeOneTimeToken,
} from '../../db/tokens.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, PublicCall } from '../http/handler.ts';
import { inBothShapes } from '../support/dialect.ts';
import { sendAccountMail } from './account-mails.ts';
import { afterAnswering } from '../background.ts';
import { hashPassword, requireGoodPassword } from './passwords.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { createSignInGuard } from './sign-in-guard.ts';

const RESET_TTL_MS = 30 * 60_000;
const RESET_MINUTES = RESET_TTL_MS / 60_000;
/** So many mails within the life of one token; more would only fill somebody's mailbox. */
const MAX_LIVE_TOKENS = 3;

/**
 * `POST /api/auth/forgot-password`: the same answer whether or not there is such an account. The
 * mail is written after the answer, so that the time tells nothing either.
 */
export async function forgotPassword(call: PublicCall<{ email: string }>): Promise<Answer> {
  const { deps, log } = call;
  const account = await findCredentials(deps.knex, call.body.email);
  afterAnswering(log, 'a password reset', async () => {
    if (account !== null && account.person.suspendedAt === null) {
      await offerReset(call, account.person);
    }
  });
  const details = 'If an account exists with this email, you will receive reset instructions';
  return inBothShapes(200, { message: 'Password reset email sent', b: { details } });
}

async function offerReset(call: PublicCall<unknown>, person: Person): Promise<void> {
  const { deps, log, requestId } = call;
  const { token, hash } = newSecret();
  const { id: personId } = person;
  const context = auditContext(call.principal, requestId);
  const isOffered = await inTransaction(deps.knex, context, async (trx, audit) => {
    if ((await countLiveTokens(trx, personId, 'reset_password')) >= MAX_LIVE_TOKENS) return false;
    const purpose = 'reset_password';
    await insertOneTimeToken(trx, { hash, personId, purpose, ttlMs: RESET_TTL_MS });
    audit({
      action: 'person.forgot_password',
      objectType: 'person',
      objectId: personId,
      subjectId: personId,
      clinicId: person.clinicId,
    });
    return true;
  });
  if (!isOffered || person.email === null) return;
  const link = `${deps.http.corsOrigins[0] ?? deps.http.publicUrl}/reset-password?token=${token}`;
  await sendAccountMail(deps, log, {
    personId,
    to: person.email,
    kind: 'reset-password',
    subject: 'Reset your password',
    text: `Somebody, probably you, asked to reset the password of your account. Open this link within ${RESET_MINUTES} minutes to choose another one:\n\n${link}\n\nOr type this code where you are asked for it:\n\n${token}\n\nIf it wasn't you, ignore this message: your password stays as it is.\n`,
  });
}

export interface ResetBody {
  readonly token: string;
  readonly newPassword: string;
  readonly confirmPassword: string;
}

/** `POST /api/auth/reset-password`: whoever has the token signs in anew, everywhere. */
export async function resetPassword(call: PublicCall<ResetBody>): Promise<Answer> {
  const { deps, body, requestId } = call;
  requireGoodPassword('newPassword', body.newPassword);
  if (body.newPassword !== body.confirmPassword) {
    throw badField('confirmPassword', 'must be the same as newPassword');
  }
  const hash = hashSecret(body.token);
  // Refused before the costly hash; the transaction decides races.
  if (!(await isOneTimeTokenLive(deps.knex, hash, 'reset_password'))) throw badToken();
  const toHash = await hashPassword(body.newPassword);
  const context = auditContext(call.principal, requestId);
  const done = await inTransaction(deps.knex, context, async (trx, audit) => {
    const use = await takeOneTimeToken(trx, hash, 'reset_password');
    if (use === null || !use.isFirst) return null;
    const { personId } = use;
    const because = 'password_reset';
    const change = { personId, fromHash: null, toHash, keptFamilyId: null, because };
    const replaced = await replacePassword(trx, change);
    if (replaced === null) return null;
    const whose = { objectType: 'person', objectId: personId, subjectId: personId };
    audit({ action: 'person.reset_password', ...whose });
    return { personId, ...replaced };
  });
  if (done === null) throw badToken();
  for (const familyId of done.revokedFamilyIds) deps.authenticator.forgetFamily(familyId);
  // Who proves the address needn't wait for somebody else's guesses to be forgotten.
  await createSignInGuard(deps.knex).succeed(done.personId);
  return inBothShapes(200, { message: 'Password reset successful' });
}

function badToken(): HoldfastError {
  return badField('token', 'is unknown, used or expired; please ask for another one');
}

function badField(field: string, message: string): HoldfastError {
  const fields = [{ field, message }];
  return new HoldfastError('malformed_request', `${field} ${message}`, { fields });
}
