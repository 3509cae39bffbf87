import type { Knex } from 'knex';
import type { FieldRef } from '../../crypto/field-cipher.ts';
import { findPersonalDetails, updateProfile } from '../../db/accounts.ts';
import type { ProfileColumns } from '../../db/accounts.ts';
import { findPerson } from '../../db/people.ts';
import { findPreferences, savePreferences } from '../../db/preferences.ts';
import { isOnline } from '../../db/presence.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { ApiDeps } from '../context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { inBothShapes } from '../support/dialect.ts';
import { fullUser, verifiedUser } from '../support/dialect-people.ts';
import {
  profileFaults,
  readEmergencyContact,
  readNotifications,
  toE164,
} from '../support/dialect-profile.ts';
import type { EmergencyContact, ProfileBody } from '../support/dialect-profile.ts';

/** `GET /api/auth/me` */
export async function getMe(call: Call): Promise<Answer> {
  return inBothShapes(200, { a: { user: await userOf(call) } });
}

/** `POST /api/auth/verify`: whose the token is; one that is no good is refused before. */
export async function verifyToken({ deps, principal }: Call): Promise<Answer> {
  const person = await findPerson(deps.knex, principal.personId);
  if (person === null) throw gone();
  return inBothShapes(200, { b: { valid: true, user: verifiedUser(person) } });
}

/** `PUT /api/auth/profile`: what is left out stays; role, verification and the like are no part of it. */
export async function putProfile(call: Call<{ readonly profile: ProfileBody }>): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { profile } = call.body;
  const { personId } = principal;
  const fields = profileFaults(profile, Date.now());
  if (fields.length > 0) {
    const [first] = fields;
    throw new HoldfastError('malformed_request', `${first?.field} ${first?.message}`, { fields });
  }
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    const sealed = await sealTexts(deps, trx, personId, profile);
    const wantsEmailUpdates = profile.preferences?.emailUpdates;
    await updateProfile(trx, personId, { ...columnsOf(profile), ...sealed }, wantsEmailUpdates);
    const wishes = profile.preferences?.notifications;
    if (wishes !== undefined) {
      const before = await findPreferences(trx, personId);
      await savePreferences(trx, personId, { ...before, ...readNotifications(wishes) });
    }
    const whose = { objectType: 'person', objectId: personId, subjectId: personId };
    audit({ action: 'person.change_profile', ...whose });
  });
  const message = 'Profile updated successfully';
  return inBothShapes(200, { message, a: { user: await userOf(call) } });
}

async function userOf({ deps, principal }: Call<unknown>): Promise<Record<string, unknown>> {
  const { cipher, knex } = deps;
  const { personId } = principal;
  const [person, details, isHere] = await Promise.all([
    findPerson(knex, personId),
    findPersonalDetails(knex, personId),
    isOnline(knex, personId),
  ]);
  if (person === null) throw gone();
  const { bio, emergencyContact: contact } = details;
  const sealed = [
    ...(bio === null ? [] : [{ ref: placeOf(personId, 'bio'), sealed: bio }]),
    ...(contact === null ? [] : [{ ref: placeOf(personId, 'emergency_contact'), sealed: contact }]),
  ];
  const texts = sealed.length === 0 ? [] : await cipher.openFields(knex, sealed);
  return fullUser(person, {
    isOnline: isHere,
    bio: bio === null ? null : texts[0]!,
    emergencyContact: contact === null ? null : (JSON.parse(texts.at(-1)!) as EmergencyContact),
  });
}

function placeOf(personId: string, column: 'bio' | 'emergency_contact'): FieldRef {
  return { purpose: 'person', objectId: personId, column };
}

/** Only what was named, so that the rest stays. */
function columnsOf(profile: ProfileBody): ProfileColumns {
  const { preferences } = profile;
  const columns = {
    first_name: profile.firstName,
    last_name: profile.lastName,
    preferred_name: profile.preferredName,
    date_of_birth: profile.dateOfBirth,
    age: profile.age,
    phone: profile.phoneNumber === undefined ? undefined : toE164(profile.phoneNumber),
    time_zone: preferences?.timezone,
    language: preferences?.language,
  };
  const named = Object.entries(columns).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as ProfileColumns;
}

async function sealTexts(
  { cipher }: ApiDeps,
  trx: Knex.Transaction,
  personId: string,
  { bio, emergencyContact }: ProfileBody,
): Promise<ProfileColumns> {
  const seal = async (
    column: 'bio' | 'emergency_contact',
    text: string | null,
  ): Promise<ProfileColumns> => ({
    [column]: text === null ? null : await cipher.sealField(trx, placeOf(personId, column), text),
  });
  const contact = readEmergencyContact(emergencyContact);
  return {
    ...(bio === undefined ? {} : await seal('bio', bio)),
    ...(emergencyContact === undefined
      ? {}
      : await seal('emergency_contact', contact === null ? null : JSON.stringify(contact))),
  };
}

function gone(): HoldfastError {
  return new HoldfastError('not_found', 'There is no such person');
}
