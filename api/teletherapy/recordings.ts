import { recordConsent } from '../../activities/rooms/recording-consent.ts';
import { auditRead } from '../../db/audit/record.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import { consentsIn } from '../../db/recording-consents.ts';
import { mediaAvailable } from '../../db/rooms.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { type SessionPerson, peopleOf } from '../sessions/session-people.ts';
import { openHosted } from './open-hosted.ts';
import { presentRecordings } from './recording-files.ts';

/** GET /teletherapy/sessions/{id}/recordings: what there is, and who has agreed to being recorded. */
export async function listRecordings(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const session = await openHosted(call, 'attend');
  await recordLook(call, session, 'recording');
  const [people = []] = await peopleOf(deps.knex, principal, [session]);
  const [{ recording: available }, recordings, consents] = await Promise.all([
    mediaAvailable(deps.knex),
    presentRecordings(call, session, people),
    consentsOf(call, session),
  ]);
  return {
    status: 200,
    body: {
      id: session.id,
      recordingEnabled: session.is_recorded,
      available,
      reason: available ? null : 'Nothing can be recorded in this installation just now.',
      consents,
      recordings,
    },
  };
}

/** PATCH /teletherapy/sessions/{id}/recordings: the caller's own consent, which they may withdraw. */
export async function updateRecordingConsent(
  call: Call<{ readonly consent: boolean }>,
): Promise<Answer> {
  const { body, deps, principal, requestId } = call;
  const session = await openHosted(call, 'attend');
  const said = { sessionId: session.id, personId: principal.personId, isGiven: body.consent };
  await recordConsent(deps.knex, auditContext(principal, requestId), said);
  const consents = await consentsOf(call, session);
  return { status: 200, body: { id: session.id, consent: body.consent, consents } };
}

/** Shown to all: of everybody whether they have agreed; null for who has said nothing yet. */
async function consentsOf(call: Call, session: HostedView): Promise<Record<string, unknown>[]> {
  const { deps, principal } = call;
  const [shown, actual] = await Promise.all([
    peopleOf(deps.knex, principal, [session]),
    consentsIn(deps.knex, session.id),
  ]);
  const said = new Map(actual.map(({ personId, isGiven }) => [personId, isGiven]));
  return shown[0]!.map(({ id, displayName, personId }: SessionPerson) => ({
    id,
    displayName,
    consent: said.get(personId) ?? null,
  }));
}

async function recordLook(call: Call, session: HostedView, objectType: string): Promise<void> {
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: `${objectType}.list`,
    objectType,
    objectId: session.id,
    subjectId: session.client_id,
  });
}
