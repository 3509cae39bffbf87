import type { CalendarFeed } from '../../db/models/calendar-feed.ts';
import type { Relationship } from '../../db/relationships.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { recordDenial } from './denials.ts';
import type { Target } from './denials.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';
import type { Call } from '../http/handler.ts';

function isOneOf(principal: Principal, ...roles: readonly Principal['role'][]): boolean {
  return roles.includes(principal.role);
}

function allowedIf(condition: boolean): Verdict {
  return condition ? 'allowed' : 'forbidden';
}

/** Whose settings may be seen and changed. Therapists are known to everybody, so nothing is hidden. */
export function mayManageSettings(principal: Principal, therapistId: string): Verdict {
  const isSelf = principal.role === 'counselor' && principal.personId === therapistId;
  return allowedIf(isSelf || isOneOf(principal, 'admin'));
}

/** Weekly hours are a therapist's own business; those with a profile have some, verified or not. */
export function mayKeepWeeklyHours(principal: Principal, therapistId: string): Verdict {
  return allowedIf(principal.role === 'counselor' && principal.personId === therapistId);
}

/** Time off and extra hours: the therapist, and whoever runs the clinic. */
export function mayManageExceptions(principal: Principal, therapistId: string): Verdict {
  const isSelf = principal.role === 'counselor' && principal.personId === therapistId;
  return allowedIf(isSelf || isOneOf(principal, 'staff', 'admin'));
}

/** Who may list or make relationships: staff for anybody, a therapist for themselves. */
export function mayManageRelationships(principal: Principal, therapistId: string | null): Verdict {
  const isOwn = principal.role === 'counselor' && therapistId === principal.personId;
  return allowedIf(isOwn || isOneOf(principal, 'staff', 'admin'));
}

export function mayEndRelationship(
  principal: Principal,
  relationship: Relationship | null,
): Verdict {
  if (!isOneOf(principal, 'counselor', 'staff', 'admin')) return 'forbidden';
  if (relationship === null || relationship.clinicId !== principal.clinicId) return 'hidden';
  const isOwn = relationship.therapistId === principal.personId;
  return isOwn || isOneOf(principal, 'staff', 'admin') ? 'allowed' : 'hidden';
}

/** What clients read around their sessions: whoever treats them, and whoever runs the clinic. */
export function mayKeepMaterials(principal: Principal): Verdict {
  return allowedIf(principal.isVerifiedTherapist || isOneOf(principal, 'staff', 'admin'));
}

export function mayManagePolicies(principal: Principal): Verdict {
  return allowedIf(isOneOf(principal, 'admin'));
}

export function mayHaveCredits(principal: Principal): Verdict {
  return allowedIf(isOneOf(principal, 'patient'));
}

export function maySeeTasks(principal: Principal): Verdict {
  return allowedIf(isOneOf(principal, 'staff', 'admin'));
}

/** A calendar is its owner's alone, those who run the clinic included. */
export function mayHaveFeed(principal: Principal, feed: CalendarFeed | null): Verdict {
  if (feed === null || feed.revokedAt !== null) return 'hidden';
  return feed.personId === principal.personId ? 'allowed' : 'hidden';
}

/** Lets an allowed call go on. Throws `forbidden` or `not_found` otherwise, once that is on record. */
export async function enforce(call: Call, verdict: Verdict, target: Target): Promise<void> {
  if (verdict === 'allowed') return;
  await recordDenial(call, target);
  if (verdict === 'hidden') throw new HoldfastError('not_found', 'There is nothing of this id');
  throw new HoldfastError('forbidden', 'This is not for your role');
}
