import { auditRead } from '../../../db/audit/record.ts';
import { findAlert } from '../../../db/crisis-alerts.ts';
import { findCrisisRequest } from '../../../db/crisis-sessions.ts';
import type { CrisisRequest } from '../../../db/crisis-sessions.ts';
import type { SessionRow } from '../../../db/sessions.ts';
import type { SafetyPlan } from '../../../domain/crisis-session.ts';
import { auditContext } from '../../access/audit-context.ts';
import { relationTo } from '../../access/session-access.ts';
import type { Call } from '../../http/handler.ts';
import { safetyPlanRef } from '../../sessions/crisis-session.ts';
import { writeInstant } from '../local-window.ts';
import { SOMEBODY_WILL_COME, presentSafetyPlan } from './present.ts';

/**
 * A crisis session that still waits for somebody, as its client and the clinic see it; null where
 * there is none of this id, or where it has become a session.
 */
export async function waitingCrisis(call: Call): Promise<Record<string, unknown> | null> {
  const { deps, params, principal, requestId } = call;
  const request = await findCrisisRequest(deps.knex, params['id'] ?? '');
  if (request === null || request.therapistId !== null) return null;
  const { clinicId: clinic_id, clientId: client_id, id } = request;
  const relation = relationTo(principal, { clinic_id, client_id, therapist_id: '' });
  if (relation === 'none') return null;
  const read = { action: 'session.read', objectType: 'session', objectId: id };
  await auditRead(deps.knex, auditContext(principal, requestId), { ...read, subjectId: client_id });
  const requestedAt = writeInstant(request.requestedAt.getTime());
  return {
    session_id: id,
    session_type: 'crisis',
    therapist_id: null,
    client_id,
    scheduled_at: requestedAt,
    session_format: request.format,
    status: request.isOver ? 'cancelled' : 'pending_confirmation',
    ...(request.isOver ? {} : { waiting_for: SOMEBODY_WILL_COME }),
    room_url: `${deps.http.publicUrl}/room/${id}`,
    room_access_code: relation === 'client' ? request.roomCode : null,
    created_at: requestedAt,
    updated_at: requestedAt,
    ...(await partsOf(call, request, relation === 'client')),
  };
}

/** What a crisis session has besides; nothing for any other. */
export async function crisisParts(
  call: Call,
  session: Pick<SessionRow, 'id' | 'door' | 'client_id' | 'therapist_id'>,
): Promise<Record<string, unknown>> {
  if (session.door !== 'crisis') return {};
  const request = await findCrisisRequest(call.deps.knex, session.id);
  if (request === null) return {};
  const { personId } = call.principal;
  const isTheirs = session.client_id === personId || session.therapist_id === personId;
  return partsOf(call, request, isTheirs);
}

async function partsOf(
  { deps }: Call,
  request: CrisisRequest,
  maySeePlan: boolean,
): Promise<Record<string, unknown>> {
  const { id, severity, alertId } = request;
  const alert = await findAlert(deps.knex, alertId);
  const followUpAt = alert?.followUpAt ?? null;
  return {
    priority: severity,
    crisis_level: severity,
    alert_id: alertId,
    ...(maySeePlan ? { safety_plan_id: id, safety_plan: await openPlan(deps, request) } : {}),
    follow_up_required: alert?.followUpRequired ?? true,
    ...(followUpAt === null ? {} : { follow_up_scheduled: writeInstant(followUpAt.getTime()) }),
  };
}

async function openPlan(
  { cipher, knex }: Pick<Call['deps'], 'cipher' | 'knex'>,
  { id, safetyPlan }: CrisisRequest,
): Promise<Record<string, unknown>> {
  if (safetyPlan === null) return { created: false };
  const text = await cipher.openField(knex, safetyPlanRef(id), safetyPlan);
  return presentSafetyPlan(JSON.parse(text) as SafetyPlan);
}
