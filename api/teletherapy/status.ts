import { type HostedView, openWaitingRoom } from '../../db/hosted-sessions.ts';
import { findSeat, hasSeats, liveSeats } from '../../db/seats.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { type HostedStatus, mayMove } from '../../domain/hosted-session.ts';
import * as messages from '../../workflows/messages/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { askSession } from '../sessions/messages.ts';
import { openHosted } from './open-hosted.ts';
import { answerSession, statusOf } from './present.ts';

/** PATCH /teletherapy/sessions/{id}/status */
export async function updateSessionStatus(
  call: Call<{ readonly status: HostedStatus }>,
): Promise<Answer> {
  const session = await openHosted(call, 'host');
  const { status } = call.body;
  const from = statusOf(session);
  if (!mayMove(from, status)) throw wrongMove(from, status);
  await MOVES[status](call, session);
  return answerSession(call, session.id);
}

type Move = (call: Call, session: HostedView) => Promise<unknown>;

const MOVES: Readonly<Record<HostedStatus, Move>> = {
  scheduled: async (_call, session) => {
    throw wrongMove(statusOf(session), 'scheduled');
  },
  waiting: openRoom,
  in_progress: (call, session) => {
    const request = { actor: acts.actorOf(call, session) };
    return askSession(call.deps, session, messages.beginUpdate, request, call.newId);
  },
  completed: (call, session) => acts.markAttendance(call, session, 'attended'),
  no_show: markAbsent,
  cancelled: (call, session) => cancelSession(call, session, undefined),
};

function wrongMove(from: HostedStatus, to: HostedStatus): HoldfastError {
  return new HoldfastError('wrong_state', `A session that is ${from} can't become ${to}.`);
}

async function openRoom(call: Call, session: HostedView): Promise<void> {
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  await inTransaction(deps.knex, context, async (trx, audit) => {
    if (!(await openWaitingRoom(trx, session.id))) {
      throw new HoldfastError('wrong_state', 'Only a confirmed session has a waiting room.');
    }
    audit({
      action: 'session.waiting_room',
      objectType: 'session',
      objectId: session.id,
      subjectId: session.client_id,
    });
  });
}

/** Nobody has come: where there are seats, that holds for each. */
async function markAbsent(call: Call, session: HostedView): Promise<void> {
  await acts.markAttendance(call, session, 'absent');
  if (!hasSeats(session)) return;
  const { knex } = call.deps;
  for (const id of await liveSeats(knex, session.id)) {
    const seat = await findSeat(knex, id);
    if (seat?.status === 'in_progress') await acts.markAttendance(call, seat, 'absent');
  }
}

export function cancelSession(
  call: Call,
  session: HostedView,
  reason: string | undefined,
): Promise<unknown> {
  return acts.cancelFor(call, session, reason, { wantsRefund: true, fee: 'standard' });
}

/** POST /teletherapy/sessions/{id}/cancel: a member of a group gives up their own seat. */
export async function cancelTeletherapySession(
  call: Call<{ readonly reason?: string } | undefined>,
): Promise<Answer> {
  const session = await openHosted(call, 'cancel');
  await cancelSession(call, session, call.body?.reason);
  return answerSession(call, session.id);
}
