import { randomUUID } from 'node:crypto';
import { type RoomGrant, issueRoomToken } from '../../crypto/room-tokens.ts';
import { type IceServerAccess, iceServersFor } from '../../crypto/turn-credentials.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import { type PlacedRoom, placeRoom } from '../../db/rooms.ts';
import { isSeat } from '../../db/seats.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { SessionStatus } from '../../domain/session.ts';
import type { RoomPolicy } from '../../domain/room-state.ts';
import { roomPolicyOf, roomless } from '../../domain/room-terms.ts';
import type { ApiDeps } from '../context.ts';

/** What somebody needs to come into a session's room. */
export interface RoomPass {
  readonly token: string;
  readonly signalingUrl: string;
  readonly iceServers: readonly IceServerAccess[];
  readonly policy: RoomPolicy;
  readonly role: RoomGrant['role'];
  readonly displayName: string;
  /** False: they wait until the host lets them in. */
  readonly isAdmitted: boolean;
}

type Guest = Pick<RoomGrant, 'personId' | 'role' | 'displayName' | 'isByCode'>;

/** The rules of a session's room. Throws `wrong_state` where it has none. */
export function policyOf(session: HostedView): RoomPolicy {
  const why = roomless(session);
  if (why !== null) throw new HoldfastError('wrong_state', why);
  return roomPolicyOf({
    door: session.door,
    format: session.format,
    plan: session.plan,
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    seats: session.group_terms?.capacity ?? 1,
    isOpened: session.waiting_since !== null,
  });
}

/**
 * Lets somebody into a session's room, where they may have to wait for the host. Throws `wrong_state`
 * before it is confirmed and once it is over, `too_soon` before it opens for those who do not host it,
 * `media_unavailable` where no video host lives.
 */
export async function joinRoom(
  deps: ApiDeps,
  session: HostedView,
  guest: Guest,
  now: number,
): Promise<RoomPass> {
  const policy = policyOf(session);
  assertOpen(session, policy, guest, now);
  const { hostId, signalingUrl, epoch }: PlacedRoom = await placeRoom(deps.knex, session.id);
  const grant = { ...guest, sessionId: session.id, epoch, hostId, mode: policy.mode };
  const token = await issueRoomToken(deps.keyRing, grant);
  return {
    token,
    signalingUrl,
    // The label means nothing: a TURN server learns neither who comes nor to what.
    iceServers: iceServersFor(deps.rooms, randomUUID(), now),
    policy,
    role: guest.role,
    displayName: guest.displayName,
    isAdmitted: isHost(guest) || !policy.hasWaitingRoom,
  };
}

function isHost({ role }: Guest): boolean {
  return role === 'host' || role === 'co_host';
}

const JOINABLE: ReadonlySet<SessionStatus> = new Set(['confirmed', 'in_progress']);

function assertOpen(session: HostedView, policy: RoomPolicy, guest: Guest, now: number): void {
  const whole = isSeat(session) ? session.session_status : session.status;
  if (!JOINABLE.has(session.status) || !JOINABLE.has(whole) || now >= policy.closesAt) {
    throw new HoldfastError('wrong_state', 'The room of this session is not open.');
  }
  if (isHost(guest) || now >= policy.opensAt) return;
  throw new HoldfastError('too_soon', 'The room is not open yet.', {
    opensAt: new Date(policy.opensAt).toISOString(),
  });
}
