import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import { insertAnonymousSession, resumeAnonymousSession } from '../../db/accounts.ts';
import { findDefaultClinic, insertPerson } from '../../db/people.ts';
import { insertFamily } from '../../db/tokens.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, PublicCall } from '../http/handler.ts';
import { signAccessToken } from './access-tokens.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** 64 random bits: nobody comes upon a name of this kind by chance. */
const NAME_BYTES = 8;

/**
 * `POST /api/auth/anonymous`: a patient without an account. The `sessionId` of an earlier answer
 * brings its person back, for there is no refresh token; it is as secret as one. Any other value
 * is passed over: a name that a caller has chosen would open the session to whoever chose it.
 */
export async function signInAnonymously(
  call: PublicCall<{ readonly sessionId?: unknown } | undefined>,
): Promise<Answer> {
  const { deps, requestId } = call;
  const given = call.body?.sessionId;
  const context = auditContext(null, requestId);
  const { sessionId, personId, familyId } = await inTransaction(
    deps.knex,
    context,
    async (trx, audit) => {
      const { sessionId, personId } = (await resume(trx, given)) ?? (await begin(trx, uuidv7()));
      const familyId = uuidv7();
      await insertFamily(trx, familyId, personId);
      const whose = { objectType: 'person', objectId: personId, subjectId: personId };
      audit({ action: 'person.sign_in_anonymously', ...whose });
      return { sessionId, personId, familyId };
    },
  );
  const { keyRing, auth, http } = deps;
  const signing = { keyRing, publicUrl: http.publicUrl, auth };
  const { token } = await signAccessToken(signing, personId, familyId);
  const message = 'Anonymous session created';
  return { status: 200, body: { success: true, message, sessionId, token } };
}

interface AnonymousSignIn {
  readonly sessionId: string;
  readonly personId: string;
}

async function resume(trx: Knex.Transaction, given: unknown): Promise<AnonymousSignIn | null> {
  if (typeof given !== 'string') return null;
  const personId = await resumeAnonymousSession(trx, hashSecret(given));
  return personId === null ? null : { sessionId: given, personId };
}

async function begin(trx: Knex.Transaction, personId: string): Promise<AnonymousSignIn> {
  const clinicId = await findDefaultClinic(trx);
  if (clinicId === null) {
    throw new HoldfastError('dependency_unavailable', 'No clinic has been set up yet');
  }
  await insertPerson(trx, {
    ...NOBODY,
    id: personId,
    clinicId,
    username: `anonymous-${randomBytes(NAME_BYTES).toString('hex')}`,
  });
  const { token: sessionId, hash } = newSecret();
  await insertAnonymousSession(trx, personId, hash);
  return { sessionId, personId };
}

const NOBODY = {
  role: 'patient',
  email: null,
  passwordHash: null,
  firstName: '',
  lastName: '',
  preferredName: null,
  dateOfBirth: null,
  age: null,
  phone: null,
  timeZone: null,
  language: 'en',
  emergencyContact: null,
  termsAgreedAt: null,
  privacyAgreedAt: null,
  isAnonymous: true,
} as const;
