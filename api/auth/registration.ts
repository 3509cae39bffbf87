import type { NotificationWishes } from '../../db/people.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { FieldFault } from '../../domain/errors.ts';
import {
  profileFaults,
  readEmergencyContact,
  readNotifications,
  toE164,
} from '../support/dialect-profile.ts';
import type { EmergencyContact, ProfileBody } from '../support/dialect-profile.ts';
import { passwordFault } from './passwords.ts';

/** Both published shapes of `POST /api/auth/register`, as the document has checked them. */
export interface RegisterBody {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly role?: string;
  readonly profile: ProfileBody;
  readonly agreedToTerms?: boolean;
  readonly agreedToPrivacy?: boolean;
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
  /** Null for the clinic's. */
  readonly timeZone: string | null;
  readonly language: string;
  readonly emergencyContact: EmergencyContact | null;
  readonly notifications: NotificationWishes | null;
  readonly hasAgreedToTerms: boolean;
  readonly hasAgreedToPrivacy: boolean;
}

const USERNAME = /^[\p{L}\p{N}_.-]{3,40}$/u;
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
    timeZone: preferences?.timezone ?? null,
    language: preferences?.language ?? 'en',
    emergencyContact: readEmergencyContact(profile.emergencyContact),
    notifications: wishesOf(preferences?.notifications),
    hasAgreedToTerms: body.agreedToTerms === true,
    hasAgreedToPrivacy: body.agreedToPrivacy === true,
  };
}

function faultsOf({ username, password, profile }: RegisterBody, now: number): FieldFault[] {
  const weakness = passwordFault(password);
  const hasAge = profile.age !== undefined || profile.dateOfBirth !== undefined;
  const checks: readonly (readonly [boolean, string, string])[] = [
    [!USERNAME.test(username), 'username', 'must be 3 to 40 letters, digits, dots, dashes or _'],
    [weakness !== null, 'password', weakness ?? ''],
    [!hasAge, 'profile.dateOfBirth', 'is required, or an age'],
  ];
  const own = checks.filter(([isBad]) => isBad).map(([, field, message]) => ({ field, message }));
  return [...own, ...profileFaults(profile, now)];
}

/** What is not named keeps its default. */
function wishesOf(
  wishes: boolean | Partial<NotificationWishes> | undefined,
): NotificationWishes | null {
  return wishes === undefined ? null : { ...DEFAULT_WISHES, ...readNotifications(wishes) };
}
