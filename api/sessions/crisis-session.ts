import { openCrisisSession } from '../../activities/crisis/crisis-session.ts';
import type { FieldRef } from '../../crypto/field-cipher.ts';
import {
  crisisCandidates,
  findCrisisRequest,
  insertCrisisRequest,
  requestsAhead,
} from '../../db/crisis-sessions.ts';
import type { CrisisRequest } from '../../db/crisis-sessions.ts';
import { roomCode } from '../../db/room-codes.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { freeCandidates } from '../../domain/crisis-session.ts';
import type { SafetyPlan } from '../../domain/crisis-session.ts';
import { auditContext } from '../access/audit-context.ts';
import { afterAnswering } from '../background.ts';
import type { Raised } from '../crisis/intake.ts';
import { estimatedResponseSeconds } from '../crisis/response-time.ts';
import { safely } from '../http/error-handler.ts';
import type { Call } from '../http/handler.ts';

export interface CrisisWish {
  readonly format: Exclude<SessionFormat, 'in_person'>;
  readonly preferredId: string | null;
  readonly safetyPlan: SafetyPlan;
}

export interface CrisisSession {
  /** Null while the database is away: then there is the alert alone. */
  readonly request: CrisisRequest | null;
  /** Seconds until somebody will probably be there. */
  readonly waitSeconds: number;
}

/**
 * A session for somebody in a crisis whose alert has been raised: with a therapist who is free now,
 * or with whoever takes the alert first. Never throws: the alert stands whatever else fails.
 */
export async function requestCrisisSession(
  call: Call,
  raised: Raised,
  wish: CrisisWish,
): Promise<CrisisSession> {
  const { deps } = call;
  const response = estimatedResponseSeconds(deps, raised.clinicId, raised.severity);
  try {
    const waiting = await writeDown(call, raised, wish);
    const request = waiting?.therapistId === null ? await assign(call, waiting, wish) : waiting;
    const isWaiting = request !== null && request.therapistId === null;
    const ahead = isWaiting ? await requestsAhead(deps.crisisKnex, request) : 0;
    return { request, waitSeconds: (await response) * (ahead + 1) };
  } catch (error) {
    const { alertId } = raised;
    deps.log.error({ alertId, error: safely(error) }, 'an alert is without its crisis session');
    const request = await findCrisisRequest(deps.crisisKnex, call.newId).catch(() => null);
    return { request, waitSeconds: await response };
  }
}

async function writeDown(
  call: Call,
  { alertId, clinicId, severity }: Raised,
  { format, safetyPlan }: CrisisWish,
): Promise<CrisisRequest | null> {
  const { deps, newId: id, principal, requestId } = call;
  if (clinicId === null) return null;
  const { personId: clientId } = principal;
  const text = JSON.stringify(safetyPlan);
  const context = auditContext(principal, requestId);
  return inTransaction(deps.crisisKnex, context, async (trx, audit) => {
    const sealed = await deps.cipher.sealField(trx, safetyPlanRef(id), text);
    const whose = { id, clinicId, clientId, alertId, severity, format };
    const request = await insertCrisisRequest(trx, {
      ...whose,
      roomCode: roomCode(),
      safetyPlan: sealed,
    });
    const target = { objectType: 'session', objectId: request.id, subjectId: clientId };
    audit({ action: 'session.crisis_request', ...target });
    return request;
  });
}

/** Where a session's safety plan is kept: under the session's own key. */
export function safetyPlanRef(sessionId: string): FieldRef {
  return { purpose: 'session', objectId: sessionId, column: 'safety_plan' };
}

/** Asks those who are free one after another: another person's crisis may take them meanwhile. */
async function assign(
  call: Call,
  request: CrisisRequest,
  { preferredId }: CrisisWish,
): Promise<CrisisRequest> {
  const { deps, principal, requestId } = call;
  const { crisisKnex: knex, temporal } = deps;
  const { clinicId, clientId, id } = request;
  const nowMs = Date.now();
  const candidates = await crisisCandidates(knex, { clinicId, clientId, preferredId, nowMs });
  const context = auditContext(principal, requestId);
  for (const candidate of freeCandidates(candidates, nowMs)) {
    const session = await openCrisisSession({ knex, temporal }, request, candidate, context, nowMs);
    if (session === null) continue;
    afterAnswering(deps.log, 'calling a therapist', () =>
      callTherapist(call, session.therapist_id),
    );
    return (await findCrisisRequest(knex, id)) ?? request;
  }
  return request;
}

/** The alert pages whoever is on call; the therapist who was found hears of it besides. */
async function callTherapist({ deps }: Call, therapistId: string): Promise<void> {
  const { crisisKnex: knex, http, sms } = deps;
  const person = await knex('people')
    .where({ id: therapistId })
    .whereNotNull('phone_verified_at')
    .first('phone');
  if (typeof person?.phone !== 'string') return;
  await sms.sendSms({
    to: person.phone,
    body: `Holdfast: a session has begun that needs you now. ${http.publicUrl}`,
    statusCallback: `${http.publicUrl}/webhooks/twilio/status`,
  });
}
