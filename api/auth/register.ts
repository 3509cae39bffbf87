import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import {
  findDefaultClinic,
  insertPerson,
  isTaken,
  setNotificationWishes,
} from '../../db/people.ts';
import type { Person } from '../../db/people.ts';
import { insertFamily, insertOneTimeToken } from '../../db/tokens.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { ApiDeps } from '../context.ts';
import type { Answer, PublicCall } from '../http/handler.ts';
import { inBothShapes } from '../support/dialect.ts';
import { sendAccountMail } from './account-mails.ts';
import { hashPassword } from './passwords.ts';
import {
  flatTokens,
  flatUserAfterRegistering,
  userAfterRegistering,
} from '../support/dialect-people.ts';
import { toRegistration } from './registration.ts';
import type { RegisterBody, Registration } from './registration.ts';
import { newSecret } from './secrets.ts';
import { issuePair } from './token-pairs.ts';
import type { TokenPair } from './token-pairs.ts';

const VERIFICATION_TTL_MS = 48 * 3_600_000;
const VERIFICATION_HOURS = VERIFICATION_TTL_MS / 3_600_000;

interface Registered {
  readonly person: Person;
  readonly pair: TokenPair;
  readonly verificationToken: string;
}

/** `POST /api/auth/register`: makes an account, signs in, and asks the address to prove itself. */
export async function register(call: PublicCall<RegisterBody>): Promise<Answer> {
  const registration = toRegistration(call.body, Date.now());
  const { person, pair, verificationToken } = await createAccount(call, registration);
  const verificationEmail = await sendVerification(call, person, verificationToken);
  const { expiresIn: _expiresIn, ...tokens } = flatTokens(pair);
  return inBothShapes(201, {
    message: 'User registered successfully',
    a: { user: userAfterRegistering(person), tokens: pair },
    b: { user: flatUserAfterRegistering(person), ...tokens, verificationEmail },
  });
}

async function createAccount(
  call: PublicCall<RegisterBody>,
  registration: Registration,
): Promise<Registered> {
  const { deps, newId: id } = call;
  const { knex } = deps;
  const clinicId = await findDefaultClinic(knex);
  if (clinicId === null) {
    throw new HoldfastError('dependency_unavailable', 'No clinic has been set up yet');
  }
  // Refused before the costly hash; the unique indexes decide races.
  if (await isTaken(knex, registration.email, registration.username)) throw taken();
  const passwordHash = await hashPassword(registration.password);
  const verification = newSecret();
  const actor = { id, role: registration.role, clinicId };
  return inTransaction(knex, { actor, requestId: call.requestId }, async (trx, audit) => {
    const person = await insertRegistered(deps, trx, { id, clinicId, passwordHash, registration });
    const familyId = uuidv7();
    await insertFamily(trx, familyId, id);
    const pair = await issuePair(deps, trx, id, familyId);
    await insertOneTimeToken(trx, {
      hash: verification.hash,
      personId: id,
      purpose: 'verify_email',
      ttlMs: VERIFICATION_TTL_MS,
    });
    audit({ action: 'person.register', objectType: 'person', objectId: id, subjectId: id });
    return { person, pair, verificationToken: verification.token };
  });
}

function taken(): HoldfastError {
  return new HoldfastError(
    'already_exists',
    'An account with this email or username already exists',
  );
}

async function insertRegistered(
  deps: ApiDeps,
  trx: Knex.Transaction,
  account: { id: string; clinicId: string; passwordHash: string; registration: Registration },
): Promise<Person> {
  const { id, clinicId, passwordHash, registration } = account;
  const { emergencyContact, notifications, hasAgreedToTerms, hasAgreedToPrivacy } = registration;
  const now = new Date();
  const place = { purpose: 'person', objectId: id, column: 'emergency_contact' };
  const person = await insertPerson(trx, {
    ...registration,
    id,
    clinicId,
    passwordHash,
    emergencyContact:
      emergencyContact === null
        ? null
        : await deps.cipher.sealField(trx, place, JSON.stringify(emergencyContact)),
    termsAgreedAt: hasAgreedToTerms ? now : null,
    privacyAgreedAt: hasAgreedToPrivacy ? now : null,
    isAnonymous: false,
  });
  if (notifications !== null) await setNotificationWishes(trx, id, notifications);
  return person;
}

/** The account stands whether or not the mail goes out; the answer says which. */
function sendVerification(
  { deps, log }: PublicCall<RegisterBody>,
  { id: personId, email }: Person,
  token: string,
): Promise<'sent' | 'failed'> {
  const link = `${deps.http.publicUrl}/auth/verify-email?token=${token}`;
  return sendAccountMail(deps, log, {
    personId,
    to: email ?? '',
    kind: 'verify-email',
    subject: 'Please confirm your e-mail address',
    text: `Please open this link within ${VERIFICATION_HOURS} hours to confirm your e-mail address:\n\n${link}\n\nIf you didn't create an account, you can ignore this message.\n`,
  });
}
