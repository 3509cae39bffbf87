import { assertNever } from './assert-never.ts';
import type { RoomRole } from './room-state.ts';
import type { SessionStatus } from './session-state.ts';

/** What therapists host by video, voice or text. */
export const HOSTED_TYPES = [
  'individual',
  'couples',
  'family',
  'group',
  'support',
  'workshop',
] as const;

export type HostedType = (typeof HOSTED_TYPES)[number];

/** The most people of a session, its host among them, by its type. */
export type ParticipantLimits = Readonly<Record<HostedType, number>>;

/** Where a session stands for those who meet in its room. */
export const HOSTED_STATUSES = [
  'scheduled',
  'waiting',
  'in_progress',
  'completed',
  'cancelled',
  'no_show',
] as const;

export type HostedStatus = (typeof HOSTED_STATUSES)[number];

/** `isWaiting`: its host has opened the waiting room, which lasts until the session begins. */
export function hostedStatus(status: SessionStatus, isWaiting: boolean): HostedStatus {
  switch (status) {
    case 'planned':
    case 'held':
    case 'requested':
    case 'awaiting_payment':
      return 'scheduled';
    case 'confirmed':
      return isWaiting ? 'waiting' : 'scheduled';
    case 'in_progress':
    case 'completed':
    case 'no_show':
      return status;
    case 'declined':
    case 'expired':
    case 'cancelled':
      return 'cancelled';
    default:
      return assertNever(status);
  }
}

/**
 * What each status may become. What is taking place can no longer be called off, and who did not
 * come is known only once it has begun.
 */
const MOVES: Readonly<Record<HostedStatus, readonly HostedStatus[]>> = {
  scheduled: ['waiting', 'cancelled'],
  waiting: ['in_progress', 'cancelled'],
  in_progress: ['completed', 'no_show'],
  completed: [],
  cancelled: [],
  no_show: [],
};

export function mayMove(from: HostedStatus, to: HostedStatus): boolean {
  return MOVES[from].includes(to);
}

export type PlacesVerdict =
  | { readonly kind: 'places'; readonly seats: number }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The seats beside the host's. A session may be smaller than its type allows, never larger, and
 * whoever is invited has to fit in.
 */
export function placesFor(
  limits: ParticipantLimits,
  type: HostedType,
  wish: { readonly maxParticipants: number | null; readonly invited: number },
): PlacesVerdict {
  const limit = limits[type];
  const most = wish.maxParticipants ?? limit;
  if (most > limit) {
    return { kind: 'refused', reason: `This type of session has at most ${limit} participants.` };
  }
  if (wish.invited > most - 1) {
    return { kind: 'refused', reason: `At most ${most} people take part, the host among them.` };
  }
  if (type === 'individual' && wish.invited !== 1) {
    return { kind: 'refused', reason: 'An individual session is for exactly one participant.' };
  }
  return { kind: 'places', seats: most - 1 };
}

/** Who may be what: whose session it is stays its host, and others share in that as they are told to. */
export function roleIn(
  session: { readonly therapistId: string },
  personId: string,
  given: RoomRole | undefined,
): RoomRole {
  return personId === session.therapistId ? 'host' : (given ?? 'participant');
}
