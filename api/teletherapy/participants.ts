import { type HostedView, giveRole } from '../../db/hosted-sessions.ts';
import { askRoom } from '../../db/room-commands.ts';
import { hasSeats } from '../../db/seats.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { RoomRole } from '../../domain/room-state.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { invite, liveSeat, uninvite } from '../sessions/invite.ts';
import { openHosted } from './open-hosted.ts';
import { answerSession } from './present.ts';

interface PeopleBody {
  readonly participantIds: readonly string[];
}

/** POST /teletherapy/sessions/{id}/participants */
export async function addParticipants(call: Call<PeopleBody>): Promise<Answer> {
  const session = await openHosted(call, 'host');
  await invite(call, session, call.body.participantIds);
  return answerSession(call, session.id);
}

/** DELETE /teletherapy/sessions/{id}/participants */
export async function removeParticipants(call: Call<PeopleBody>): Promise<Answer> {
  const session = await openHosted(call, 'host');
  await uninvite(call, session, call.body.participantIds);
  return answerSession(call, session.id);
}

interface RoleBody {
  readonly participantId: string;
  readonly role: RoomRole;
}

/** PATCH /teletherapy/sessions/{id}/participants/role */
export async function updateParticipantRole(call: Call<RoleBody>): Promise<Answer> {
  const session = await openHosted(call, 'host');
  const { participantId: personId, role } = call.body;
  await assertRole(call, session, call.body);
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  await inTransaction(deps.knex, context, async (trx, audit) => {
    await giveRole(trx, { sessionId: session.id, personId, role, givenBy: principal.personId });
    audit({
      action: 'session.role',
      objectType: 'session',
      objectId: session.id,
      subjectId: personId,
      changes: { role },
    });
  });
  if (role !== 'host') {
    const command = { type: 'promote', by: principal.personId, personId, role } as const;
    await askRoom(deps, session.id, command);
  }
  return answerSession(call, session.id);
}

/** Whose session it is remains its one host: everybody else is at most a co-host. */
async function assertRole(
  call: Call,
  session: HostedView,
  { participantId, role }: RoleBody,
): Promise<void> {
  const isTherapist = participantId === session.therapist_id;
  if (isTherapist && role === 'host') return;
  if (!isTherapist && !hasSeats(session) && participantId !== session.client_id) {
    throw new HoldfastError('not_found', 'The session has no such participant.');
  }
  if (!isTherapist && hasSeats(session)) await liveSeat(call, session, participantId);
  if (isTherapist || role === 'host') {
    const message = 'Whose session it is hosts it; somebody else can be a co_host.';
    throw new HoldfastError('refused_by_rule', message);
  }
}
