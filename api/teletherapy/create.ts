import { findPerson } from '../../db/people.ts';
import { Service } from '../../db/models/service.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { type HostedType, placesFor } from '../../domain/hosted-session.ts';
import { DAY_MS } from '../../domain/local-time.ts';
import type { RoomMode } from '../../domain/room-state.ts';
import { formatOf } from '../../domain/room-terms.ts';
import type { Slot } from '../../domain/slots.ts';
import { parseInstant } from '../../domain/time-text.ts';
import { normaliseZone } from '../../domain/time-zone.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayHostSessions } from '../access/hosting-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { type HostedWish, hostSession } from '../sessions/host-session.ts';
import { answerSession } from './present.ts';

interface CreateBody {
  readonly title: string;
  readonly description?: string | null;
  readonly type: HostedType;
  readonly mode: RoomMode;
  readonly startTime: string;
  readonly endTime: string;
  readonly timezone?: string;
  readonly participantIds: readonly string[];
  readonly maxParticipants?: number;
  readonly recordingEnabled?: boolean;
  readonly serviceId?: string;
}

const LONGEST_MS = DAY_MS;
/** Further ahead nobody knows the zones' rules. */
const FURTHEST_MS = 2 * 365 * DAY_MS;

/** POST /teletherapy/sessions */
export async function createTeletherapySession(call: Call<CreateBody>): Promise<Answer> {
  const target = { action: 'session.host', objectType: 'session', objectId: null };
  await enforce(call, mayHostSessions(call.principal), target);
  const id = await hostSession(call, await wishOf(call));
  return answerSession(call, id, 201);
}

async function wishOf(call: Call<CreateBody>): Promise<HostedWish> {
  const { body, deps, principal } = call;
  const participantIds = body.participantIds.filter((id) => id !== principal.personId);
  const places = placesFor(deps.rooms.participantLimits, body.type, {
    maxParticipants: body.maxParticipants ?? null,
    invited: participantIds.length,
  });
  if (places.kind === 'refused') throw new HoldfastError('refused_by_rule', places.reason);
  const timeZone = await zoneOf(call);
  return {
    type: body.type,
    format: formatOf(body.mode),
    slot: slotOf(body, timeZone),
    timeZone,
    participantIds,
    seats: places.seats,
    service: await serviceOf(call),
    isRecorded: body.recordingEnabled ?? false,
    details: { title: body.title, description: body.description ?? null },
  };
}

async function zoneOf({ body, deps, principal }: Call<CreateBody>): Promise<string> {
  if (body.timezone === undefined) {
    return (await findPerson(deps.knex, principal.personId))?.timeZone ?? 'UTC';
  }
  const zone = normaliseZone(body.timezone);
  if (zone !== null) return zone;
  throw invalid('timezone', 'must be an IANA time zone, such as Europe/Berlin');
}

function slotOf({ startTime, endTime }: CreateBody, zone: string): Slot {
  const startMs = parseInstant(startTime, zone);
  const endMs = parseInstant(endTime, zone);
  if (endMs <= startMs) throw invalid('endTime', 'must lie after startTime');
  if (endMs - startMs > LONGEST_MS) throw invalid('endTime', 'must lie within a day of startTime');
  if (startMs > Date.now() + FURTHEST_MS) throw invalid('startTime', 'lies too far ahead');
  return { startMs, endMs };
}

function invalid(field: string, message: string): HoldfastError {
  return new HoldfastError('invalid_time', `${field} ${message}`, { fields: [{ field, message }] });
}

async function serviceOf({ body, deps, principal }: Call<CreateBody>): Promise<Service | null> {
  const { serviceId: id, type } = body;
  if (id === undefined) return null;
  const service = await Service.query(deps.knex).findOne({
    id,
    clinic_id: principal.clinicId,
    is_active: true,
  });
  if (service === undefined) throw new HoldfastError('not_found', 'There is no such service.');
  if (service.session_type === type) return service;
  const message = `must be for ${type} sessions`;
  throw new HoldfastError('malformed_request', `serviceId ${message}`, {
    fields: [{ field: 'serviceId', message }],
  });
}
