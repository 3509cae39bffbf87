import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import { endAnonymousSession } from '../../db/accounts.ts';
import { findCredentials, findPerson, recordLogin } from '../../db/people.ts';
import type { Person } from '../../db/people.ts';
import {
  findOwnFamily,
  insertFamily,
  lockRefreshToken,
  markRefreshTokenUsed,
  revokeFamily,
} from '../../db/tokens.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, PublicCall } from '../http/handler.ts';
import { verifyPassword } from './passwords.ts';
import { inBothShapes } from '../support/dialect.ts';
import { flatTokens, flatUserAfterLogin, userAfterLogin } from '../support/dialect-people.ts';
import { hashSecret } from './secrets.ts';
import { createSignInGuard } from './sign-in-guard.ts';
import { issuePair } from './token-pairs.ts';
import type { TokenPair } from './token-pairs.ts';

interface LoginBody {
  readonly email: string;
  readonly password: string;
}

/**
 * Whose e-mail address and password these are. An unknown address costs the same time and gets the
 * same answer as a wrong password. Throws `invalid_credentials`, `account_locked`, `forbidden`.
 */
export async function checkCredentials(
  knex: Knex,
  email: string,
  password: string,
): Promise<Person> {
  return (await verifyCredentials(knex, email, password)).person;
}

async function verifyCredentials(
  knex: Knex,
  email: string,
  password: string,
): Promise<{ readonly person: Person; readonly passwordHash: string }> {
  const guard = createSignInGuard(knex);
  const account = await findCredentials(knex, email);
  // By the account: what the database takes for one address may be many spellings of it.
  const name = account?.person.id ?? email;
  await guard.enter(name);
  const isRight = await verifyPassword(account?.passwordHash ?? null, password);
  if (account === null || account.passwordHash === null || !isRight) throw invalid();
  await guard.succeed(name);
  if (account.person.suspendedAt !== null) {
    throw new HoldfastError('forbidden', 'This account is suspended');
  }
  return { person: account.person, passwordHash: account.passwordHash };
}

function invalid(): HoldfastError {
  return new HoldfastError('invalid_credentials', 'Invalid credentials');
}

/** `POST /api/auth/login` */
export async function login(call: PublicCall<LoginBody>): Promise<Answer> {
  const { email, password } = call.body;
  const account = await verifyCredentials(call.deps.knex, email, password);
  const { person, pair } = await signIn(call, account);
  return inBothShapes(200, {
    message: 'Login successful',
    a: { user: userAfterLogin(person), tokens: pair },
    b: { user: flatUserAfterLogin(person), ...flatTokens(pair) },
  });
}

function signIn(
  { deps, requestId }: PublicCall<LoginBody>,
  { person: account, passwordHash }: Awaited<ReturnType<typeof verifyCredentials>>,
): Promise<{ person: Person; pair: TokenPair }> {
  const { id, role, clinicId } = account;
  const context = { actor: { id, role, clinicId }, requestId };
  return inTransaction(deps.knex, context, async (trx, audit) => {
    const lastLoginAt = await recordLogin(trx, id, passwordHash);
    if (lastLoginAt === null) throw invalid();
    const familyId = uuidv7();
    await insertFamily(trx, familyId, id);
    const pair = await issuePair(deps, trx, id, familyId);
    audit({ action: 'person.login', objectType: 'person', objectId: id, subjectId: id });
    return { person: { ...account, lastLoginAt }, pair };
  });
}

/** `POST /api/auth/refresh`: a refresh token works once; its second use ends the family. */
export async function refresh(call: PublicCall<{ refreshToken: string }>): Promise<Answer> {
  const { deps, requestId } = call;
  const hash = hashSecret(call.body.refreshToken);
  const context = auditContext(call.principal, requestId);
  const outcome = await inTransaction(deps.knex, context, async (trx, audit) => {
    const token = await lockRefreshToken(trx, hash);
    if (token === null || token.isRevoked || (token.isExpired && !token.isUsed)) return 'refused';
    const { familyId, personId } = token;
    if (token.isUsed) {
      await revokeFamily(trx, familyId, 'refresh_token_reused');
      const changes = { because: 'refresh_token_reused' };
      audit({
        action: 'token_family.revoke',
        objectType: 'token_family',
        objectId: familyId,
        subjectId: personId,
        changes,
      });
      return { reusedFamilyId: familyId };
    }
    const person = await findPerson(trx, personId);
    if (person === null || person.suspendedAt !== null) return 'refused';
    await markRefreshTokenUsed(trx, hash);
    return issuePair(deps, trx, personId, familyId);
  });
  if (typeof outcome === 'object' && 'reusedFamilyId' in outcome) {
    // After the commit, so that nothing older is read again.
    deps.authenticator.forgetFamily(outcome.reusedFamilyId);
    throw new HoldfastError(
      'token_reused',
      'The refresh token was used before; please sign in again',
    );
  }
  if (outcome === 'refused') {
    throw new HoldfastError('unauthenticated', 'The refresh token is not valid');
  }
  const message = 'Token refreshed successfully';
  return inBothShapes(200, { message, a: { ...outcome }, b: flatTokens(outcome) });
}

/** `POST /api/auth/logout`: the access token's family ends, and the refresh token's when it is another. */
export async function logout(call: Call<{ refreshToken?: string } | undefined>): Promise<Answer> {
  const { deps, principal, body } = call;
  const context = auditContext(principal, call.requestId);
  const { personId } = principal;
  const families = await inTransaction(deps.knex, context, async (trx, audit) => {
    const refreshed =
      body?.refreshToken === undefined
        ? null
        : await findOwnFamily(trx, hashSecret(body.refreshToken), personId);
    const ids = new Set([principal.familyId, refreshed].filter((id) => id !== null));
    for (const familyId of ids) await revokeFamily(trx, familyId, 'logout');
    if (principal.isAnonymous) await endAnonymousSession(trx, personId);
    audit({
      action: 'person.logout',
      objectType: 'person',
      objectId: personId,
      subjectId: personId,
    });
    return ids;
  });
  // After the commit, so that nothing older is read again.
  for (const familyId of families) deps.authenticator.forgetFamily(familyId);
  return inBothShapes(200, { message: 'Logout successful' });
}
