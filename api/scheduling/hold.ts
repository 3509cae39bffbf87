import { findClinic } from '../../db/clinics.ts';
import { Location } from '../../db/models/location.ts';
import { Service } from '../../db/models/service.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { enforce } from '../access/clinic-access.ts';
import { maySchedule, schedulingScope } from '../access/scheduling-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import type { HoldWish } from '../sessions/hold-wish.ts';
import { holdSessions } from '../sessions/hold.ts';
import { readTimeZone } from './local-times.ts';
import { presentTime } from './present.ts';
import {
  type SessionBlock,
  type TimeBlock,
  formatOf,
  malformed,
  readSlots,
} from './session-block.ts';

interface HoldBody {
  readonly session: SessionBlock & { readonly therapist_id: string; readonly client_id: string };
  readonly duration_minutes?: number;
  readonly time_zone?: string;
  readonly metadata?: object;
  readonly occurrences?: readonly TimeBlock[];
}

/** POST /sessions/hold */
export async function holdScheduledSession(call: Call<HoldBody>): Promise<Answer> {
  const { body } = call;
  await enforce(call, maySchedule(call.principal, [body.session.therapist_id]), {
    action: 'session.hold',
    objectType: 'therapist',
    objectId: body.session.therapist_id,
  });
  const held = await holdSessions(call, await wishOf(call));
  return {
    status: 201,
    body: {
      success: true,
      hold_key: held.key,
      expires_at: presentTime(held.expiresAt.getTime()),
      session_id: held.sessions[0]!.id,
      occurrences: held.sessions.map((session) => ({
        session_id: session.id,
        start_time: presentTime(session.starts_at.getTime()),
        end_time: presentTime(session.ends_at.getTime()),
      })),
    },
  };
}

async function wishOf(call: Call<HoldBody>): Promise<HoldWish> {
  const { body, deps, principal } = call;
  const { session, metadata, occurrences = [] } = body;
  const [service, location, timeZone] = await Promise.all([
    findService(call, session.service_id),
    findLocation(call, session.location_id),
    body.time_zone === undefined
      ? findClinic(deps.knex, principal.clinicId).then((clinic) => clinic.timeZone)
      : readTimeZone(body.time_zone),
  ]);
  const length = body.duration_minutes ?? defaultLength(session, service);
  return {
    therapistId: session.therapist_id,
    clientId: session.client_id,
    slots: readSlots(session, occurrences, timeZone, length),
    sessionType: sessionTypeOf(session, service),
    format: formatOf(session.location_type ?? location?.location_type ?? 'telehealth'),
    service,
    locationId: location?.id ?? null,
    timeZone,
    details: detailsOf(session.notes, metadata),
    requiresRelationship: schedulingScope(principal)?.kind === 'own',
  };
}

function defaultLength(session: SessionBlock, service: Service | null): number | undefined {
  const isGiven = session.end_time !== undefined || session.duration_minutes !== undefined;
  return isGiven ? undefined : service?.duration_minutes;
}

function sessionTypeOf(session: SessionBlock, service: Service | null): string {
  const type = session.session_type ?? service?.session_type ?? 'individual';
  if (service === null || type === service.session_type) return type;
  throw malformed('session.session_type', `must be ${service.session_type} for this service`);
}

/** The typed texts apart from what a client has typed, whose reader is another. */
export function detailsOf(notes: string | undefined, metadata: object | undefined): object | null {
  if (notes === undefined && metadata === undefined) return null;
  return { scheduling: { notes, metadata } };
}

async function findService(call: Call, id: string | null | undefined): Promise<Service | null> {
  if (id === undefined || id === null) return null;
  const found = isUuid(id)
    ? await Service.query(call.deps.knex).findOne({
        id,
        clinic_id: call.principal.clinicId,
        is_active: true,
      })
    : undefined;
  if (found === undefined) throw new HoldfastError('not_found', 'There is no such service.');
  return found;
}

async function findLocation(call: Call, id: string | null | undefined): Promise<Location | null> {
  if (id === undefined || id === null) return null;
  const found = isUuid(id)
    ? await Location.query(call.deps.knex).findOne({
        id,
        clinic_id: call.principal.clinicId,
        is_active: true,
      })
    : undefined;
  if (found === undefined) throw new HoldfastError('not_found', 'There is no such location.');
  return found;
}
