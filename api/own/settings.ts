import { moveAbsences } from '../../db/availability-exceptions.ts';
import { changeSettings, findTherapist } from '../../db/therapists.ts';
import type { Therapist, TherapistSettings } from '../../db/therapists.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { normaliseZone } from '../../domain/time-zone.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce, mayManageSettings } from '../access/clinic-access.ts';
import { auditContext } from '../access/audit-context.ts';
import { etag, expectedVersion, requireSameId } from './versions.ts';

export interface SettingsBody extends TherapistSettings {
  readonly therapistId?: string;
  readonly version?: number;
}

/** GET /api/v1/therapists/{id}/settings */
export async function getTherapistSettings(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  await enforceSettings(call, id, 'therapist.settings.read');
  const therapist = await findTherapist(deps.knex, principal.clinicId, id);
  if (therapist === null) throw new HoldfastError('not_found', 'There is no such therapist');
  return answerWith(therapist);
}

/** PUT /api/v1/therapists/{id}/settings */
export async function putTherapistSettings(call: Call<SettingsBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const id = call.params['id']!;
  await enforceSettings(call, id, 'therapist.settings.change');
  requireSameId(call, 'therapistId', body.therapistId);
  const version = expectedVersion(call);
  const settings = checkedSettings(body);
  const { after } = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      const change = await changeSettings(trx, principal.clinicId, id, settings, version);
      if (principal.role !== 'admin') requireSameName(change.before, change.after);
      const { timeZone } = change.after;
      if (timeZone !== change.before.timeZone) await moveAbsences(trx, id, timeZone);
      audit({
        action: 'therapist.settings.change',
        objectType: 'therapist',
        objectId: id,
        changes: { ...changedNames(settings), version: change.after.version },
      });
      return change;
    },
  );
  return answerWith(after);
}

async function enforceSettings(call: Call, id: string, action: string): Promise<void> {
  const verdict = mayManageSettings(call.principal, id);
  await enforce(call, verdict, { action, objectType: 'therapist', objectId: id });
}

/** What the document can't say about settings. Throws `malformed_request` naming the field. */
function checkedSettings(body: SettingsBody): TherapistSettings {
  requireTypeNames(body.ratesCents ?? {});
  const { therapistId: _therapistId, version: _version, ...settings } = body;
  if (settings.timeZone === undefined) return settings;
  const timeZone = normaliseZone(settings.timeZone);
  if (timeZone !== null) return { ...settings, timeZone };
  throw new HoldfastError('malformed_request', 'timeZone must be an IANA time zone', {
    fields: [{ field: 'timeZone', message: 'must be an IANA time zone, such as Europe/Berlin' }],
  });
}

/** Titles and licences stand in the name, and an admin has verified them. */
const TYPE_NAME = /^[a-z][a-z0-9_]{0,39}$/;

function requireTypeNames(ratesCents: Readonly<Record<string, unknown>>): void {
  if (Object.keys(ratesCents).every((name) => TYPE_NAME.test(name))) return;
  throw new HoldfastError('malformed_request', 'ratesCents must be keyed by session types', {
    fields: [
      { field: 'ratesCents', message: 'must be keyed by session types, such as individual' },
    ],
  });
}

function requireSameName(before: Therapist, after: Therapist): void {
  if (before.displayName === after.displayName) return;
  throw new HoldfastError('forbidden', 'Only an admin changes the name that was verified', {
    fields: [{ field: 'displayName', message: 'can be changed by an admin only' }],
  });
}

function changedNames(settings: TherapistSettings): Record<string, true> {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, true as const]));
}

function answerWith(therapist: Therapist): Answer {
  return { status: 200, body: present(therapist), headers: etag(therapist.version) };
}

function present(therapist: Therapist): Record<string, unknown> {
  return {
    therapistId: therapist.id,
    displayName: therapist.displayName,
    acceptsClients: therapist.acceptsClients,
    timeZone: therapist.timeZone,
    acceptsAutomatically: therapist.acceptsAutomatically,
    bufferBeforeMinutes: therapist.bufferBeforeMinutes,
    bufferAfterMinutes: therapist.bufferAfterMinutes,
    minimumNoticeMinutes: therapist.minimumNoticeMinutes,
    durationsMinutes: therapist.durationsMinutes,
    sessionTypes: therapist.sessionTypes,
    sessionFormats: therapist.sessionFormats,
    specializations: therapist.specializations,
    languages: therapist.languages,
    insurers: therapist.insurers,
    ratesCents: therapist.ratesCents,
    version: therapist.version,
  };
}
