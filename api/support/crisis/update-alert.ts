import { v7 as newId } from 'uuid';
import { findAlert, insertAlertNote } from '../../../db/crisis-alerts.ts';
import type { AlertView } from '../../../db/crisis-alerts.ts';
import { openTask } from '../../../db/tasks.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { AlertOutcome } from '../../../domain/alert-events.ts';
import { parseInstant } from '../../../domain/time-text.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { alertVerdict } from '../../access/crisis-access.ts';
import { recordedWithin } from '../../access/denials.ts';
import { noteRef, openNotes, openReports } from '../../crisis/open-words.ts';
import type { NoteWords } from '../../crisis/open-words.ts';
import { presentRoomCall, roomCallsOf } from '../../crisis/room-calls.ts';
import { actOnAlert } from '../../crisis/verbs.ts';
import type { AlertVerb } from '../../crisis/verbs.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes, iso } from '../dialect.ts';
import { saysServicesWereCalled } from './local-services.ts';
import { statusWord } from './alert-words.ts';
import { responseSeconds } from './list-alerts.ts';

interface UpdateBody {
  readonly status?: 'active' | 'investigating' | 'resolved';
  readonly outcome?: AlertOutcome;
  readonly resolution?: string;
  readonly actionsTaken?: readonly string[];
  readonly riskAssessment?: string;
  readonly followUpRequired?: boolean;
  readonly followUpDate?: string;
  readonly notes?: string;
}

const VERBS: Readonly<Record<NonNullable<UpdateBody['status']>, AlertVerb>> = {
  investigating: 'acknowledge',
  resolved: 'resolve',
  active: 'release',
};

/** PUT /api/crisis/{id}: a word on where the alert stands, notes about it, or both. */
export async function updateCrisisAlert(call: Call<UpdateBody>): Promise<Answer> {
  const { body, deps, params, principal, requestId } = call;
  const id = params['id']!;
  const before = await findAlert(deps.crisisKnex, id);
  const target = { action: 'alert.update', objectType: 'alert', objectId: id };
  await enforce(call, alertVerdict(principal, before), target);
  const followUpAt = readFollowUp(body);
  const outcome = outcomeOf(body);
  const verb = body.status === undefined ? null : VERBS[body.status];
  if (verb !== null && !isDone(before!, verb, principal.personId)) {
    const options = { via: 'api', requestId, outcome } as const;
    await recordedWithin(call, () => actOnAlert(deps, principal, id, verb, options));
  }
  await keepNotes(call, before!, followUpAt);
  const after = (await findAlert(deps.crisisKnex, id)) ?? before!;
  return present(call, after);
}

/** Whoever repeats their own word, because its answer was lost, only adds to what they noted. */
function isDone(alert: AlertView, verb: AlertVerb, personId: string): boolean {
  return verb === 'resolve' && alert.status === 'resolved' && alert.resolvedBy === personId;
}

/** Whoever says in words how it ended has said so. */
function outcomeOf({ outcome, resolution }: UpdateBody): AlertOutcome | null {
  if (outcome !== undefined) return outcome;
  return (resolution ?? '').trim() === '' ? null : 'as_described';
}

function readFollowUp({ followUpDate }: UpdateBody): Date | null {
  if (followUpDate === undefined || followUpDate === '') return null;
  return new Date(parseInstant(followUpDate, 'UTC'));
}

async function keepNotes(
  call: Call<UpdateBody>,
  alert: AlertView,
  followUpAt: Date | null,
): Promise<void> {
  const { body, deps, principal, requestId } = call;
  const words = wordsOf(body);
  const followUpRequired = body.followUpRequired ?? (followUpAt === null ? null : true);
  const hasCalledLocalServices = (body.actionsTaken ?? []).some(saysServicesWereCalled);
  if (Object.keys(words).length === 0 && followUpRequired === null) return;
  const id = newId();
  const { personId: authorId } = principal;
  const note = { id, alertId: alert.id, authorId, followUpRequired, followUpAt };
  await inTransaction(deps.crisisKnex, auditContext(principal, requestId), async (trx, audit) => {
    const text = JSON.stringify(words);
    const details = await deps.cipher.sealField(trx, noteRef(alert.id, id), text);
    await insertAlertNote(trx, { ...note, hasCalledLocalServices, details });
    if (followUpAt !== null) await openFollowUp(trx, alert, followUpAt);
    const changes = { hasCalledLocalServices, followUpRequired };
    const target = { objectType: 'alert', objectId: alert.id, subjectId: alert.personId };
    audit({ action: 'alert.note', ...target, changes });
  });
}

function wordsOf({ resolution, actionsTaken, riskAssessment, notes }: UpdateBody): NoteWords {
  return {
    ...(resolution === undefined ? {} : { resolution }),
    ...(actionsTaken === undefined ? {} : { actionsTaken }),
    ...(riskAssessment === undefined ? {} : { riskAssessment }),
    ...(notes === undefined ? {} : { notes }),
  };
}

/** A date that somebody has promised is somebody's task. */
async function openFollowUp(
  trx: Parameters<typeof openTask>[0],
  { id: alertId, clinicId, number, personId }: AlertView,
  at: Date,
): Promise<void> {
  const dueAt = at.toISOString();
  const data = { alertId, number, personId, dueAt };
  const key = `crisis-follow-up:${alertId}:${dueAt}`;
  await openTask(trx, { clinicId, key, kind: 'crisis_follow_up', data });
}

async function present(call: Call<UpdateBody>, alert: AlertView): Promise<Answer> {
  const [[report], [note], calls] = await Promise.all([
    openReports(call.deps, [alert]),
    openNotes(call.deps, [alert]),
    roomCallsOf(call.deps, [alert.id]),
  ]);
  const { id, personId, severity, status, outcome, resolvedAt, resolvedBy } = alert;
  const end = {
    status: statusWord(status),
    resolution: note?.resolution ?? null,
    outcome,
    resolvedAt: iso(resolvedAt),
    responseTime: responseSeconds(alert),
    resolvedBy,
  };
  const course = {
    followUpRequired: alert.followUpRequired ?? status !== 'resolved',
    followUpDate: iso(alert.followUpAt),
    fromRoom: presentRoomCall(calls.get(id)),
  };
  const description = report?.description ?? report?.triggerText ?? '';
  const about = { userId: personId, severity, description, createdAt: iso(alert.createdAt) };
  return inBothShapes(200, {
    message: 'Crisis alert updated successfully',
    a: { alert: { id, ...about, ...end, ...course, assignedCounselor: alert.holderId } },
    b: { alert: { _id: id, ...end, ...course, assignedCounselorId: alert.holderId } },
  });
}
