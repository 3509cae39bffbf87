import { findSupportSession } from '../../../db/support-sessions.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import {
  acceptSession,
  declineSession,
  joinSupport,
  tellOfChange,
} from '../../../db/support-transitions.ts';
import type { Acceptance } from '../../../db/support-transitions.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { mayBeTakenBy } from '../../../domain/support-session.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { enforceSupport, supportTarget } from '../../access/support-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { iso, inBothShapes } from '../dialect.ts';
import { requireHelper } from './available.ts';
import { FieldReader } from './fields.ts';
import { acceptedInA, acceptedInB } from './present.ts';
import { refetch, showSession } from './shown.ts';
import { sendWelcome } from './welcome.ts';
import { statusInB } from './words.ts';

const LONGEST_MESSAGE = 5_000;
const LONGEST_REASON = 2_000;

/** `POST /api/sessions/:id/accept`: one of many racing helpers wins. */
export async function acceptSupportSession(call: Call): Promise<Answer> {
  return acceptById(call, call.params.id!, 'support_session.accept');
}

export async function acceptById(call: Call, id: string, action: string): Promise<Answer> {
  const session = await openToHelper(call, id, action);
  const message = readMessageOf(call);
  await take(call, session);
  return answerAccepted(call, id, message);
}

/** Takes the session for the caller, or says why not. */
export async function take(call: Call, session: SupportSession): Promise<void> {
  const { deps, principal, requestId } = call;
  const { personId, role } = principal;
  const { id: sessionId, clinicId, patientId } = session;
  const context = auditContext(principal, requestId);
  const outcome = await inTransaction(deps.knex, context, async (trx, audit) => {
    const helper = { personId, mayTakeAny: role !== 'peer' };
    const accepted = await acceptSession(trx, sessionId, helper);
    if (accepted !== 'accepted') return accepted;
    const whose = { objectType: 'support_session', objectId: sessionId, subjectId: patientId };
    audit({ action: 'support_session.accept', ...whose });
    const from = statusInB(session);
    await tellOfChange(trx, { sessionId, clinicId, from, to: 'active', by: personId });
    return accepted;
  });
  if (outcome !== 'accepted') throw refusal(outcome);
}

function refusal(outcome: Exclude<Acceptance, 'accepted'>): HoldfastError {
  switch (outcome) {
    case 'has_helper':
      return new HoldfastError('already_has_helper', 'Session already has a helper assigned');
    case 'not_waiting':
      return new HoldfastError(
        'session_not_waiting',
        'Can only accept sessions that are waiting for a helper',
      );
    case 'not_theirs':
      return notTheirs();
  }
}

function notTheirs(): HoldfastError {
  return new HoldfastError('forbidden', 'This session waits for another helper');
}

/**
 * A session that a helper of its clinic asks for, as it is: accepting tells why it is too late.
 * Throws `not_found` for another clinic's, `forbidden` for who may not take such a one.
 */
async function openToHelper(call: Call, id: string, action: string): Promise<SupportSession> {
  const role = await requireHelper(call, action, id);
  const session = await findSupportSession(call.deps.knex, id);
  const target = supportTarget(action, id);
  const isOwnClinics = session?.clinicId === call.principal.clinicId;
  if (session === null || !isOwnClinics) await enforce(call, 'hidden', target);
  const isOwn = session!.patientId === call.principal.personId;
  if (isOwn || !mayBeTakenBy(session!, role)) await enforce(call, 'forbidden', target);
  return session!;
}

function readMessageOf(call: Call): string | null {
  const fields = new FieldReader(call.body);
  const message = fields.text('message', LONGEST_MESSAGE);
  fields.check();
  return message === null || message.trim() === '' ? null : message;
}

async function answerAccepted(call: Call, id: string, message: string | null): Promise<Answer> {
  const welcomeMessage = message === null ? null : await sendWelcome(call, id, message);
  const shown = await showSession(call, await refetch(call, id));
  return inBothShapes(200, {
    message: 'Session accepted successfully',
    a: { session: acceptedInA(shown) },
    b: { session: acceptedInB(shown), welcomeMessage, instructions: instructionsFor(id) },
  });
}

function instructionsFor(sessionId: string): object {
  return {
    nextSteps: [
      'Send a welcome message to introduce yourself',
      'Ask about their current situation and feelings',
      'Provide support and active listening',
      'Use /api/messages to send messages',
      'Monitor for any crisis indicators',
    ],
    endpoints: {
      sendMessage: 'POST /api/messages',
      getMessages: `GET /api/messages/session/${sessionId}`,
      escalate: 'POST /api/urgent/escalate',
    },
  };
}

/** `POST /api/sessions/:id/decline`: it stays waiting, and isn't shown to this helper again. */
export async function declineSupportSession(call: Call): Promise<Answer> {
  const session = await openToHelper(call, call.params.id!, 'support_session.decline');
  const { deps, principal, requestId } = call;
  const fields = new FieldReader(call.body);
  const reason = fields.text('reason', LONGEST_REASON);
  fields.check();
  const { id: sessionId, patientId } = session;
  const { personId } = principal;
  const context = auditContext(principal, requestId);
  const declinesCount = await inTransaction(deps.knex, context, async (trx, audit) => {
    const sealed =
      reason === null
        ? null
        : await deps.cipher.sealField(
            trx,
            { purpose: 'conversation', objectId: sessionId, column: 'decline', rowId: personId },
            reason,
          );
    const count = await declineSession(trx, { sessionId, personId, reason: sealed });
    const whose = { objectType: 'support_session', objectId: sessionId, subjectId: patientId };
    if (count !== null) audit({ action: 'support_session.decline', ...whose });
    return count;
  });
  if (declinesCount === null) {
    throw new HoldfastError(
      'session_not_waiting',
      'Can only decline sessions that are waiting for a helper',
    );
  }
  const note = 'Session remains available for other helpers to accept';
  return inBothShapes(200, {
    message: 'Session declined successfully',
    a: { note, sessionStatus: 'pending', declinesCount },
    b: { note, sessionStatus: 'waiting', declinesCount },
  });
}

/** `POST /api/sessions/:id/join`: who waits is accepted; beside a helper others may take part. */
export async function joinSupportSession(call: Call): Promise<Answer> {
  const id = call.params.id!;
  await requireHelper(call, 'support_session.join', id);
  const session = await findSupportSession(call.deps.knex, id);
  const relation = await enforceSupport(call, 'join', id, session);
  const message = readMessageOf(call);
  if (session!.status === 'waiting') await take(call, session!);
  else if (relation !== 'helper') await takePart(call, session!);
  if (message !== null) await sendWelcome(call, id, message);
  const joined = await refetch(call, id);
  const shown = await showSession(call, joined);
  return inBothShapes(200, {
    message: 'Joined session successfully',
    a: { session: acceptedInA(shown) },
    b: {
      session: {
        _id: id,
        status: statusInB(joined),
        helperId: joined.helperId,
        startedAt: iso(joined.acceptedAt),
      },
    },
  });
}

async function takePart(call: Call, session: SupportSession): Promise<void> {
  const { deps, principal, requestId } = call;
  const { id, patientId } = session;
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    if (!(await joinSupport(trx, id, principal.personId))) {
      throw new HoldfastError('wrong_state', 'The session is over');
    }
    const whose = { objectType: 'support_session', objectId: id, subjectId: patientId };
    audit({ action: 'support_session.join', ...whose });
  });
}
