import { COPING_STEPS, firstSafetyPlan } from '../../../domain/crisis-session.ts';
import type { SafetyPlan } from '../../../domain/crisis-session.ts';
import { checkInOf } from '../../crisis/check-in.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import { crisisResources, emergencyContacts } from '../../crisis/present-help.ts';
import {
  anyBody,
  contactIn,
  idIn,
  linesIn,
  placeIn,
  textIn,
  wordIn,
} from '../../crisis/read-body.ts';
import type { AnyBody, EmergencyContact } from '../../crisis/read-body.ts';
import type { ReportWords } from '../../crisis/report-words.ts';
import { takeReport } from '../../crisis/take-report.ts';
import type { Raised } from '../../crisis/intake.ts';
import { knownClinic } from '../../access/principal.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { requestCrisisSession } from '../../sessions/crisis-session.ts';
import type { CrisisSession, CrisisWish } from '../../sessions/crisis-session.ts';
import { ok } from '../answers.ts';
import { SOMEBODY_WILL_COME, therapistOf } from './present.ts';

/** POST /api/therapy/crisis/request */
export async function requestTherapyCrisis(call: Call): Promise<Answer> {
  const body = anyBody(call.body);
  const lines = await helpLines(call.deps, knownClinic(call.principal));
  const contact = contactIn(body['emergency_contact'] ?? body['emergencyContact']);
  const hotline = emergencyContacts(lines)['crisis'];
  const words = wordsOf(body, contact);
  const raised = await takeReport(call, {
    severity: body['immediate_danger'] === true ? 'critical' : body['crisis_level'],
    type: body['immediate_danger'] === true ? 'immediate-danger' : 'crisis-session',
    source: 'crisis_session',
    sessionId: null,
    messageId: null,
    words,
  });
  const safetyPlan = planOf(body, contact, typeof hotline === 'string' ? hotline : null);
  const session = await requestCrisisSession(call, raised, wishOf(body, safetyPlan));
  const data = { ...present(call, raised, session), crisis_resources: crisisResources(lines) };
  const { asked, message } = await checkInOf(call.deps, raised, words);
  const check_in = { asked, message };
  return ok({ ...data, immediate_coping_strategies: COPING_STEPS, check_in }, 201);
}

function wordsOf(body: AnyBody, emergencyContact: EmergencyContact | null): ReportWords {
  const place = placeIn(body['location']);
  return {
    description: textIn(body['description']),
    ...(place === null ? {} : { place }),
    ...(emergencyContact === null ? {} : { emergencyContact }),
  };
}

const FORMATS = ['video', 'audio', 'chat'] as const;

function wishOf(body: AnyBody, safetyPlan: SafetyPlan): CrisisWish {
  const method = body['contact_method'] ?? body['session_format'];
  const isByPhone = wordIn(method, ['phone', 'call', 'voice']) !== null;
  const format = isByPhone ? 'audio' : (wordIn(method, FORMATS) ?? 'video');
  return { format, preferredId: idIn(body['preferred_therapist']), safetyPlan };
}

/** The plan that the client brings, or one to begin with. */
function planOf(
  body: AnyBody,
  contact: EmergencyContact | null,
  hotline: string | null,
): SafetyPlan {
  const given = anyBody(body['safety_plan']);
  const people = Array.isArray(given['emergency_contacts']) ? given['emergency_contacts'] : [];
  const named = people.slice(0, 10).flatMap((person: unknown) => contactIn(person) ?? []);
  const contacts = named.length > 0 || contact === null ? named : [contact];
  const copingStrategies = linesIn(given['coping_strategies']);
  const first = firstSafetyPlan(contacts, hotline);
  return copingStrategies.length > 0 ? { ...first, copingStrategies } : first;
}

function present(
  call: Call,
  { alertId, severity, number }: Raised,
  { request, waitSeconds }: CrisisSession,
): Record<string, unknown> {
  const therapist = request === null ? null : therapistOf(request);
  return {
    session_id: request?.id ?? null,
    priority: severity,
    estimated_wait_time: waitSeconds,
    assigned_therapist: therapist,
    ...(therapist === null ? { waiting_for: SOMEBODY_WILL_COME } : {}),
    room_url: request === null ? null : `${call.deps.http.publicUrl}/room/${request.id}`,
    room_access_code: request?.roomCode ?? null,
    safety_plan_id: request?.id ?? null,
    alert_id: alertId,
    alert_number: number,
  };
}
