import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
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
import {
  flatTokens,
  flatUserAfterLogin,
  fullUser,
  userAfterLogin,
} from '../support/dialect-people.ts';
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
  const guard = createSignInGuard(knex);
  await guard.enter(email);
  const account = await findCredentials(knex, email);
  const isRight = await verifyPassword(account?.passwordHash ?? null, password);
  if (account === null || !isRight) {
    throw new HoldfastError('invalid_credentials', 'Invalid credentials');
  }
  await guard.succeed(email);
  if (account.person.suspendedAt !== null) {
    throw new HoldfastError('forbidden', 'This account is suspended');
  }
  return account.person;
}

/** `POST /api/auth/login` */
export async function login(call: PublicCall<LoginBody>): Promise<Answer> {
  const { email, password } = call.body;
  const account = await checkCredentials(call.deps.knex, email, password);
  const { person, pair } = await signIn(call, account);
  return {
    status: 200,
    body: {
      success: true,
      message: 'Login successful',
      data: { user: userAfterLogin(person), tokens: pair },
      user: flatUserAfterLogin(person),
      ...flatTokens(pair),
    },
  };
}

function signIn(
  { deps, requestId }: PublicCall<LoginBody>,
  account: Person,
): Promise<{ person: Person; pair: TokenPair }> {
  const { id, role, clinicId } = account;
  const context = { actor: { id, role, clinicId }, requestId };
  return inTransaction(deps.knex, context, async (trx, audit) => {
    const lastLoginAt = await recordLogin(trx, id);
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
      deps.authenticator.forgetFamily(familyId);
      return 'reused';
    }
    const person = await findPerson(trx, personId);
    if (person === null || person.suspendedAt !== null) return 'refused';
    await markRefreshTokenUsed(trx, hash);
    return issuePair(deps, trx, personId, familyId);
  });
  if (outcome === 'reused') {
    throw new HoldfastError(
      'token_reused',
      'The refresh token was used before; please sign in again',
    );
  }
  if (outcome === 'refused') {
    throw new HoldfastError('unauthenticated', 'The refresh token is not valid');
  }
  const message = 'Token refreshed successfully';
  return { status: 200, body: { success: true, message, data: outcome, ...flatTokens(outcome) } };
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
  return { status: 200, body: { success: true, message: 'Logout successful' } };
}

/** `GET /api/auth/me` */
export async function getMe({ deps, principal }: Call): Promise<Answer> {
  const person = await findPerson(deps.knex, principal.personId);
  if (person === null) throw new HoldfastError('not_found', 'There is no such person');
  return { status: 200, body: { success: true, data: { user: fullUser(person, true) } } };
}
