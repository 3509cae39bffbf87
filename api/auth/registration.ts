import type { NotificationWishes } from '../../db/people.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { FieldFault } from '../../domain/errors.ts';
import { passwordFault } from './passwords.ts';

/** Both published shapes of `POST /api/auth/register`, as the document has checked them. */
export interface RegisterBody {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly role?: string;
  readonly profile: {
    readonly firstName?: string;
    readonly lastName?: string;
    readonly preferredName?: string;
    readonly dateOfBirth?: string;
    readonly age?: number;
    readonly phoneNumber?: string;
    readonly emergencyContact?: EmergencyContactBody;
    readonly preferences?: {
      readonly language?: string;
      readonly timezone?: string;
      readonly notifications?: boolean | Partial<NotificationWishes>;
    };
  };
  readonly agreedToTerms?: boolean;
  readonly agreedToPrivacy?: boolean;
}

interface EmergencyContactBody {
  readonly name?: string;
  readonly relationship?: string;
  readonly phone?: string;
  readonly phoneNumber?: string;
}

export interface EmergencyContact {
  readonly name: string;
  readonly relationship: string | null;
  readonly phone: string | null;
}

/** A registration that keeps all rules. */
export interface Registration {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly role: 'patient' | 'peer' | 'counselor';
  readonly firstName: string;
  readonly lastName: string;
  readonly preferredName: string | null;
  readonly dateOfBirth: string | null;
  readonly age: number | null;
  readonly phone: string | null;
  readonly timeZone: string;
  readonly language: string;
  readonly emergencyContact: EmergencyContact | null;
  readonly notifications: NotificationWishes | null;
  readonly hasAgreedToTerms: boolean;
  readonly hasAgreedToPrivacy: boolean;
}

const LEAST_AGE = 13;
const GREATEST_AGE = 130;
const USERNAME = /^[\p{L}\p{N}_.-]{3,40}$/u;
const E164 = /^\+[1-9][0-9]{6,14}$/;
const PUBLIC_ROLES = ['patient', 'peer', 'counselor'] as const;
const DEFAULT_WISHES: NotificationWishes = { email: true, sms: true, push: false };

/**
 * Applies the rules of registering at `now` (epoch ms). Throws `malformed_request` with every
 * faulty field, `forbidden` for a role that the public can't have, `consent_required`.
 */
export function toRegistration(body: RegisterBody, now: number): Registration {
  const role = PUBLIC_ROLES.find((candidate) => candidate === (body.role ?? 'patient'));
  const faults = faultsOf(body, now);
  if (faults.length > 0) {
    const [first] = faults;
    const fields = { fields: faults };
    throw new HoldfastError('malformed_request', `${first?.field} ${first?.message}`, fields);
  }
  if (role === undefined) {
    throw new HoldfastError('forbidden', 'An account with this role is made by an administrator');
  }
  if (body.agreedToTerms === false || body.agreedToPrivacy === false) {
    throw new HoldfastError(
      'consent_required',
      'The terms and the privacy policy must be agreed to',
    );
  }
  return registrationOf(body, role);
}

function registrationOf(body: RegisterBody, role: Registration['role']): Registration {
  const { profile } = body;
  const { preferences } = profile;
  return {
    username: body.username,
    email: body.email,
    password: body.password,
    role,
    firstName: profile.firstName ?? '',
    lastName: profile.lastName ?? '',
    preferredName: profile.preferredName ?? null,
    dateOfBirth: profile.dateOfBirth ?? null,
    age: profile.age ?? null,
    phone: toE164(profile.phoneNumber),
    timeZone: preferences?.timezone ?? 'UTC',
    language: preferences?.language ?? 'en',
    emergencyContact: contactOf(profile.emergencyContact),
    notifications: wishesOf(preferences?.notifications),
    hasAgreedToTerms: body.agreedToTerms === true,
    hasAgreedToPrivacy: body.agreedToPrivacy === true,
  };
}

function faultsOf({ username, password, profile }: RegisterBody, now: number): FieldFault[] {
  const { phoneNumber, emergencyContact, preferences } = profile;
  const contactPhone = emergencyContact?.phone ?? emergencyContact?.phoneNumber;
  const weakness = passwordFault(password);
  const ageFault = faultOfAge(profile.age ?? null, profile.dateOfBirth ?? null, now);
  const phoneMessage = 'must be an international number such as +4930123456';
  const checks: readonly (readonly [boolean, string, string])[] = [
    [!USERNAME.test(username), 'username', 'must be 3 to 40 letters, digits, dots, dashes or _'],
    [weakness !== null, 'password', weakness ?? ''],
    [
      ageFault !== null,
      profile.age === undefined ? 'profile.dateOfBirth' : 'profile.age',
      ageFault ?? '',
    ],
    [isBadPhone(phoneNumber), 'profile.phoneNumber', phoneMessage],
    [isBadPhone(contactPhone), 'profile.emergencyContact.phone', phoneMessage],
    [
      !isTimeZone(preferences?.timezone),
      'profile.preferences.timezone',
      'must be an IANA time zone',
    ],
  ];
  return checks.filter(([isBad]) => isBad).map(([, field, message]) => ({ field, message }));
}

function faultOfAge(age: number | null, dateOfBirth: string | null, now: number): string | null {
  if (age === null && dateOfBirth === null) return 'is required, or an age';
  const fromBirth = dateOfBirth === null ? null : yearsSince(dateOfBirth, now);
  const ages = [age, fromBirth].filter((years) => years !== null);
  if (ages.some((years) => years < LEAST_AGE)) return `must make an age of ${LEAST_AGE} or older`;
  return ages.some((years) => years > GREATEST_AGE) ? 'must be a possible one' : null;
}

/** Whole years from a `YYYY-MM-DD` date of birth to the UTC date of `now`. */
export function yearsSince(date: string, now: number): number {
  const today = new Date(now).toISOString().slice(0, 10);
  const years = Number(today.slice(0, 4)) - Number(date.slice(0, 4));
  return today.slice(5) < date.slice(5) ? years - 1 : years;
}

/** Numbers come with the spaces and brackets that people write. */
function toE164(phone: string | undefined): string | null {
  if (phone === undefined || phone.trim() === '') return null;
  return phone.replaceAll(/[\s().-]/g, '').replace(/^00/, '+');
}

function isBadPhone(phone: string | undefined): boolean {
  const number = toE164(phone);
  return number !== null && !E164.test(number);
}

export function isTimeZone(zone: string | undefined): boolean {
  if (zone === undefined) return true;
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return !/^[+-]/.test(zone);
  } catch {
    return false;
  }
}

function contactOf(contact: EmergencyContactBody | undefined): EmergencyContact | null {
  if (contact === undefined) return null;
  const { name = '', relationship = null } = contact;
  return { name, relationship, phone: toE164(contact.phone ?? contact.phoneNumber) };
}

/** Version A has one switch for all channels. */
function wishesOf(
  wishes: boolean | Partial<NotificationWishes> | undefined,
): NotificationWishes | null {
  if (wishes === undefined) return null;
  if (typeof wishes === 'boolean') return { email: wishes, sms: wishes, push: wishes };
  return { ...DEFAULT_WISHES, ...wishes };
}
