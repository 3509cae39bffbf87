import { v7 as uuidv7 } from 'uuid';
import type { TestApi, TestPerson } from '../../../support/api.ts';

export interface SupportWorld {
  readonly id: string;
  readonly patient: TestPerson;
  readonly helper: TestPerson;
}

interface Wish {
  readonly patient?: TestPerson;
  readonly helper?: TestPerson;
  readonly isAnonymous?: boolean;
}

/** An active support session of a patient with a counselor, straight in the database. */
export async function supportSession(api: TestApi, wish: Wish = {}): Promise<SupportWorld> {
  const id = uuidv7();
  const { patient = await api.person(), helper = await api.person({ isTherapist: true }) } = wish;
  await api.knex('support_sessions').insert({
    id,
    clinic_id: patient.clinicId,
    patient_id: patient.id,
    helper_id: helper.id,
    type: 'counselor_session',
    helper_type: 'counselor',
    severity: 'medium',
    status: 'active',
    is_anonymous: wish.isAnonymous ?? false,
    accepted_at: new Date(),
  });
  await api.knex('support_participants').insert([
    { session_id: id, person_id: patient.id, role: 'patient' },
    { session_id: id, person_id: helper.id, role: 'helper' },
  ]);
  return { id, patient, helper };
}

/** A peer's session that nobody has accepted yet. */
export async function waitingSession(api: TestApi, patient: TestPerson): Promise<string> {
  const id = uuidv7();
  await api.knex('support_sessions').insert({
    id,
    clinic_id: patient.clinicId,
    patient_id: patient.id,
    type: 'peer_support',
    helper_type: 'peer',
    severity: 'medium',
    status: 'waiting',
  });
  const participant = { session_id: id, person_id: patient.id, role: 'patient' };
  await api.knex('support_participants').insert(participant);
  return id;
}

/** One file for a session; a short text where nothing else is said. */
export function uploadForm(
  sessionId: string,
  content: string | Uint8Array<ArrayBuffer> = 'Nothing much',
  filename = 'notes.txt',
): FormData {
  const form = new FormData();
  form.set('sessionId', sessionId);
  form.set('file', new Blob([content]), filename);
  return form;
}
