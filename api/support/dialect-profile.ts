import type { NotificationWishes } from '../../db/people.ts';
import type { FieldFault } from '../../domain/errors.ts';

/**
 * A profile in either published shape, as the document has checked it. Null takes away what may be
 * missing; that is for changing a profile only.
 */
export interface ProfileBody {
  readonly firstName?: string;
  readonly lastName?: string;
  readonly preferredName?: string | null;
  readonly dateOfBirth?: string;
  readonly age?: number;
  readonly phoneNumber?: string | null;
  readonly bio?: string | null;
  readonly emergencyContact?: EmergencyContactBody | null;
  readonly preferences?: {
    readonly language?: string;
    readonly timezone?: string;
    /** Version A has one switch for all channels. */
    readonly notifications?: boolean | Partial<NotificationWishes>;
    readonly emailUpdates?: boolean;
  };
}

interface EmergencyContactBody {
  readonly name?: string;
  readonly relationship?: string;
  /** Version B's name of it. */
  readonly phone?: string;
  /** Version A's. */
  readonly phoneNumber?: string;
}

export interface EmergencyContact {
  readonly name: string;
  readonly relationship: string | null;
  /** E.164 */
  readonly phone: string | null;
}

const LEAST_AGE = 13;
const GREATEST_AGE = 130;
const E164 = /^\+[1-9][0-9]{6,14}$/;

/** What is wrong with a profile at `now` (epoch ms), field by field. */
export function profileFaults(profile: ProfileBody, now: number): FieldFault[] {
  const { phoneNumber, emergencyContact, preferences } = profile;
  const contactPhone = emergencyContact?.phone ?? emergencyContact?.phoneNumber;
  const ageFault = faultOfAge(profile, now);
  const phoneMessage = 'must be an international number such as +4930123456';
  const checks: readonly (readonly [boolean, string, string])[] = [
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

function faultOfAge({ age, dateOfBirth }: ProfileBody, now: number): string | null {
  const fromBirth = dateOfBirth === undefined ? undefined : yearsSince(dateOfBirth, now);
  const ages = [age, fromBirth].filter((years) => years !== undefined);
  if (ages.some((years) => years < LEAST_AGE)) return `must make an age of ${LEAST_AGE} or older`;
  return ages.some((years) => years > GREATEST_AGE) ? 'must be a possible one' : null;
}

/** Whole years from a `YYYY-MM-DD` date of birth to the UTC date of `now`. */
function yearsSince(date: string, now: number): number {
  const today = new Date(now).toISOString().slice(0, 10);
  const years = Number(today.slice(0, 4)) - Number(date.slice(0, 4));
  return today.slice(5) < date.slice(5) ? years - 1 : years;
}

/** Numbers come with the spaces and brackets that people write. */
export function toE164(phone: string | null | undefined): string | null {
  if (phone === undefined || phone === null || phone.trim() === '') return null;
  return phone.replaceAll(/[\s().-]/g, '').replace(/^00/, '+');
}

function isBadPhone(phone: string | null | undefined): boolean {
  const number = toE164(phone);
  return number !== null && !E164.test(number);
}

function isTimeZone(zone: string | undefined): boolean {
  if (zone === undefined) return true;
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return !/^[+-]/.test(zone);
  } catch {
    return false;
  }
}

export function readEmergencyContact(
  contact: EmergencyContactBody | null | undefined,
): EmergencyContact | null {
  if (contact === undefined || contact === null) return null;
  const { name = '', relationship = null } = contact;
  return { name, relationship, phone: toE164(contact.phone ?? contact.phoneNumber) };
}

/** The channels that either version's wish names; the others stay as they are. */
export function readNotifications(
  wishes: boolean | Partial<NotificationWishes>,
): Partial<NotificationWishes> {
  if (typeof wishes === 'boolean') return { email: wishes, sms: wishes, push: wishes };
  return wishes;
}
