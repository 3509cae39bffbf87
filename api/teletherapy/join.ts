import { timingSafeEqual } from 'node:crypto';
import type { Knex } from 'knex';
import { type HostedView, clientsOf, viewHosted } from '../../db/hosted-sessions.ts';
import { auditRead } from '../../db/audit/record.ts';
import { sayConsent } from '../../db/recording-consents.ts';
import { askRoom } from '../../db/room-commands.ts';
import { isShutOut } from '../../db/room-sessions.ts';
import { hasSeats } from '../../db/seats.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { displayNames } from '../../domain/group.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, PublicCall } from '../http/handler.ts';
import { type RoomPass, joinRoom } from '../sessions/join-room.ts';
import { peopleOf } from '../sessions/session-people.ts';
import { assertNotAwaited } from './awaited.ts';
import { openHosted } from './open-hosted.ts';

interface JoinBody {
  /** Whether the caller may be recorded. */
  readonly recordingConsent?: boolean;
}

/** POST /teletherapy/sessions/{id}/join */
export async function joinTeletherapySession(call: Call<JoinBody | undefined>): Promise<Answer> {
  const { deps, principal } = call;
  const session = await openHosted(call, 'attend').catch(async (error: unknown) => {
    await assertNotAwaited(deps.knex, call.params['id']!, ({ clientId }) => {
      return clientId === principal.personId;
    });
    throw error;
  });
  const [people] = await peopleOf(deps.knex, principal, [session]);
  const self = people!.find(({ id }) => id === principal.personId);
  if (self === undefined) throw new HoldfastError('wrong_state', 'You have left this session.');
  const guest = { personId: self.id, role: self.role, displayName: self.displayName };
  await assertWelcome(deps.knex, session.id, guest.personId);
  const pass = await joinRoom(deps, session, guest, Date.now());
  await recordJoin(call, session, self.id);
  return { status: 200, body: presentPass(session, pass) };
}

async function assertWelcome(knex: Knex, sessionId: string, personId: string): Promise<void> {
  if (!(await isShutOut(knex, { sessionId, personId }))) return;
  throw new HoldfastError('forbidden', 'You were removed from this session.');
}

/** That somebody came, and what they say of being recorded. */
async function recordJoin(
  { body, deps, principal, requestId }: Call<JoinBody | undefined>,
  session: HostedView,
  personId: string,
): Promise<void> {
  const isGiven = body?.recordingConsent;
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    if (isGiven !== undefined) await sayConsent(trx, { sessionId: session.id, personId, isGiven });
    audit({
      action: 'session.join',
      objectType: 'session',
      objectId: session.id,
      subjectId: session.client_id,
      changes: isGiven === undefined ? {} : { recordingConsent: isGiven },
    });
  });
}

function presentPass(session: HostedView, pass: RoomPass): Record<string, unknown> {
  const { policy, isAdmitted, token, signalingUrl, iceServers } = pass;
  return {
    token,
    signalingUrl,
    iceServers,
    room: {
      id: session.id,
      mode: policy.mode,
      role: pass.role,
      displayName: pass.displayName,
      capacity: policy.capacity,
      hasWaitingRoom: policy.hasWaitingRoom,
      startTime: session.starts_at.toISOString(),
      endTime: session.ends_at.toISOString(),
      closesAt: new Date(policy.closesAt).toISOString(),
      recordingEnabled: session.is_recorded,
    },
    admitted: isAdmitted,
  };
}

interface CodeBody {
  readonly accessCode: string;
}

/**
 * POST /teletherapy/sessions/{id}/access: who follows a session's link with its access code comes in
 * as its client, by the waiting room as anybody else. Of a group the code tells nobody apart.
 */
export async function redeemAccessCode(call: PublicCall<CodeBody>): Promise<Answer> {
  const { deps, requestId } = call;
  const session = await sessionOfCode(call);
  if (session.client_id === null || hasSeats(session)) {
    throw new HoldfastError('refused_by_rule', 'Sign in to join a session of several people.');
  }
  const [client] = await clientsOf(deps.knex, [session.id]);
  const name = displayNames([
    {
      personId: session.client_id,
      preferredName: client?.preferred_name ?? null,
      firstName: client?.first_name ?? '',
      lastName: client?.last_name ?? '',
    },
  ]).get(session.client_id)!;
  const guest = {
    personId: session.client_id,
    role: 'participant',
    displayName: name,
    isByCode: true,
  } as const;
  await assertWelcome(deps.knex, session.id, guest.personId);
  const pass = await joinRoom(deps, session, guest, Date.now());
  await auditRead(deps.knex, auditContext(call.principal, requestId), {
    action: 'session.join_by_code',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
    clinicId: session.clinic_id,
  });
  return { status: 200, body: presentPass(session, pass) };
}

/** The same answer for a wrong code and for no session. */
async function sessionOfCode(call: PublicCall<CodeBody>): Promise<HostedView> {
  const { deps, body } = call;
  const id = call.params['id']!;
  const session = isUuid(id) ? await viewHosted(deps.knex, id, NOBODY) : null;
  if (session !== null && isSame(session.room_code, body.accessCode)) return session;
  await assertNotAwaited(deps.knex, id, ({ roomCode }) => isSame(roomCode, body.accessCode));
  throw new HoldfastError('not_found', 'There is no such session, or this is not its code.');
}

/** A member of no group. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

function isSame(code: string, given: string): boolean {
  const [one, other] = [Buffer.from(code), Buffer.from(given.trim().toUpperCase())];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** POST /teletherapy/sessions/{id}/leave: every tab of the caller's leaves the room. */
export async function leaveTeletherapySession(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const session = await openHosted(call, 'attend');
  await askRoom(deps, session.id, { type: 'leave_room', by: principal.personId });
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'session.leave',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
  });
  return { status: 200, body: { id: session.id, left: true } };
}
