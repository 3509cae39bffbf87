import { v7 as newId } from 'uuid';
import { auditRead } from '../../db/audit/record.ts';
import { insertAlertNote } from '../../db/crisis-alerts.ts';
import { type AlertRow, findAlert } from '../../db/crisis-record.ts';
import { wasPaged } from '../../db/crisis-verbs.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { AlertOutcome } from '../../domain/alert-events.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { AlertAnswer } from '../../workflows/messages/crisis-alert.ts';
import { auditContext } from '../access/audit-context.ts';
import { alertVerdict } from '../access/crisis-access.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import { type AlertVerb, type AlertWord, decideWord } from './decide.ts';
import { noteRef } from './open-words.ts';

export type { AlertVerb } from './decide.ts';
export type VerbDeps = Pick<ApiDeps, 'crisisKnex' | 'temporal' | 'cipher' | 'sms' | 'log'>;

export interface VerbOptions {
  readonly via: 'api' | 'socket';
  readonly requestId: string;
  /** How it ended; `resolve` needs one. */
  readonly outcome?: AlertOutcome | null;
  /** In the caller's words; sealed at rest. */
  readonly note?: string | null;
  /** The id of this word: the same one when it is sent again. */
  readonly wordId?: string;
}

/** The alert as its word has left it. */
export interface ActedAlert extends Pick<AlertRow, 'id' | 'number' | 'severity'> {
  readonly status: AlertAnswer['status'];
  readonly holderId: string | null;
  /** False while the database is silent: it is done, and written down later. */
  readonly isRecorded: boolean;
}

/**
 * Somebody of the crisis team acts on an alert. Throws `not_found` and `forbidden` by access,
 * `refused_by_rule` for a resolution without an outcome, `already_held` and `not_holder` with the
 * holder's id, `wrong_state` for an alert that is over, `dependency_unavailable` when neither
 * Temporal nor PostgreSQL answers.
 */
export async function actOnAlert(
  deps: VerbDeps,
  principal: Principal,
  alertId: string,
  verb: AlertVerb,
  options: VerbOptions,
): Promise<ActedAlert> {
  const alert = await allowedAlert(deps, principal, alertId, verb, options);
  const outcome = options.outcome ?? null;
  if (verb === 'resolve' && outcome === null) throw outcomeRequired();
  const { via, wordId = newId() } = options;
  const { personId } = principal;
  const word: AlertWord = { alertId, verb, personId, via, outcome, wordId };
  const answer = await decideWord(deps, word);
  if (answer.kind !== 'done') throw refusalOf(answer);
  await keepNote(deps, principal, alertId, options);
  const { id, number, severity } = alert;
  const { status, holderId, isRecorded } = answer;
  return { id, number, severity, status, holderId, isRecorded };
}

async function allowedAlert(
  { crisisKnex }: VerbDeps,
  principal: Principal,
  alertId: string,
  verb: AlertVerb,
  { requestId }: VerbOptions,
): Promise<AlertRow> {
  const alert = isUuid(alertId) ? await findAlert(crisisKnex, alertId) : null;
  const verdict = alertVerdict(principal, alert);
  if (alert !== null && verdict === 'allowed') return alert;
  const isOwn = alert !== null && alert.clinicId === principal.clinicId;
  // Whoever was called may answer, a peer on a roster as well; the rest is for who has it.
  const isAnswer = verb === 'acknowledge' || verb === 'contact';
  const isAbout = alert?.personId === principal.personId;
  if (isOwn && !isAbout && isAnswer && (await wasPaged(crisisKnex, alertId, principal.personId)))
    return alert;
  const target = { action: `alert.${verb}`, objectType: 'alert', objectId: alertId };
  const context = auditContext(principal, requestId);
  await auditRead(crisisKnex, context, { ...target, outcome: 'denied' });
  if (verdict === 'forbidden') throw new HoldfastError('forbidden', 'This is not for your role');
  throw new HoldfastError('not_found', 'There is nothing of this id');
}

function outcomeRequired(): HoldfastError {
  const fields = [{ field: 'outcome', message: 'must say how it ended' }];
  return new HoldfastError('refused_by_rule', 'A resolution needs an outcome', { fields });
}

function refusalOf({ kind, holderId, status }: AlertAnswer): HoldfastError {
  switch (kind) {
    case 'already_held':
      return new HoldfastError(kind, 'Somebody has taken it already', { holderId, status });
    case 'not_holder':
      return new HoldfastError(kind, 'Only who has it can give it back', { holderId, status });
    case 'outcome_required':
      return outcomeRequired();
    default:
      return new HoldfastError('wrong_state', 'The alert is over', { status });
  }
}

async function keepNote(
  { crisisKnex, cipher }: VerbDeps,
  principal: Principal,
  alertId: string,
  { note, requestId }: VerbOptions,
): Promise<void> {
  if (note === undefined || note === null || note === '') return;
  const id = newId();
  const { personId: authorId } = principal;
  await inTransaction(crisisKnex, auditContext(principal, requestId), async (trx, audit) => {
    const text = JSON.stringify({ notes: note });
    const details = await cipher.sealField(trx, noteRef(alertId, id), text);
    const unsaid = { followUpRequired: null, followUpAt: null, hasCalledLocalServices: false };
    await insertAlertNote(trx, { id, alertId, authorId, details, ...unsaid });
    audit({ action: 'alert.note', objectType: 'alert', objectId: alertId });
  });
}
