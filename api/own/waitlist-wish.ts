import type { PartialModelObject } from 'objection';
import type { WaitlistWish } from '../../db/models/waitlist-wish.ts';
import { findPerson } from '../../db/people.ts';
import { type Therapist, findTherapist } from '../../db/therapists.ts';
import { type ErrorCode, HoldfastError } from '../../domain/errors.ts';
import { DAY_MS, startOfWallDay, wallMsAt } from '../../domain/local-time.ts';
import { readDate, readTimeOfDay, writeDate } from '../../domain/time-text.ts';
import { normaliseZone } from '../../domain/time-zone.ts';
import type { Call } from '../http/handler.ts';
import type { WishBody } from './waitlist.ts';

const MAX_DAYS = 366;

type NewWish = PartialModelObject<WaitlistWish> & {
  readonly id: string;
  readonly clientId: string;
};

/** The wish that a client has asked for; throws what is wrong with it, field by field. */
export async function wishOf(call: Call<WishBody>): Promise<NewWish> {
  const { body, newId, principal } = call;
  const zone = await zoneOf(call);
  const times = timesOf(body, zone, Date.now());
  if (body.therapistId !== undefined) await requireOffered(call, body.therapistId);
  const { daysOfWeek } = body;
  return {
    id: newId,
    clinicId: principal.clinicId,
    clientId: principal.personId,
    therapistId: body.therapistId ?? null,
    specialization: body.specialization ?? null,
    sessionType: body.sessionType,
    format: body.format,
    durationMinutes: body.durationMinutes ?? null,
    timeZone: zone,
    daysOfWeek: daysOfWeek === undefined || daysOfWeek.length === 0 ? null : daysOfWeek,
    noticeMinutes: body.noticeMinutes,
    ...times,
  };
}

/** The zone that was named, or else the one that the client lives in. */
async function zoneOf({ body, deps, principal }: Call<WishBody>): Promise<string> {
  const person = body.timeZone ?? (await findPerson(deps.knex, principal.personId))?.timeZone;
  const zone = normaliseZone(person ?? 'UTC');
  if (zone === null) throw fault('timeZone', 'must be an IANA time zone, such as Europe/Berlin');
  return zone;
}

function timesOf(body: WishBody, zone: string, now: number) {
  const todayMs = startOfWallDay(wallMsAt(zone, now));
  const fromMs = body.fromDate === undefined ? todayMs : dateOf('fromDate', body.fromDate);
  const untilMs = dateOf('untilDate', body.untilDate);
  if (untilMs < todayMs) throw fault('untilDate', 'must not lie in the past');
  if (untilMs < fromMs) throw fault('untilDate', 'must not be before fromDate');
  if (untilMs - fromMs >= MAX_DAYS * DAY_MS) {
    throw fault('untilDate', `must lie within ${MAX_DAYS} days of fromDate`);
  }
  const startMinute = readTimeOfDay(body.startTime);
  const endMinute = readTimeOfDay(body.endTime, 'end');
  if (startMinute === null) throw fault('startTime', 'must be a time of day, HH:MM');
  if (endMinute === null) throw fault('endTime', 'must be a time of day, HH:MM, up to 24:00');
  if (endMinute <= startMinute) throw fault('endTime', 'must be after startTime');
  return { fromDate: writeDate(fromMs), untilDate: writeDate(untilMs), startMinute, endMinute };
}

function dateOf(field: string, text: string): number {
  const dayMs = readDate(text);
  if (dayMs === null) throw fault(field, 'must be a date, YYYY-MM-DD');
  return dayMs;
}

/** Nobody should wait for what the therapist never offers. */
async function requireOffered(
  { body, deps, principal }: Call<WishBody>,
  therapistId: string,
): Promise<void> {
  const therapist = await findTherapist(deps.knex, principal.clinicId, therapistId);
  if (therapist === null || !therapist.isVerified) {
    throw new HoldfastError('not_found', 'There is no such therapist.');
  }
  for (const [field, isOffered] of Object.entries(offersOf(therapist, body))) {
    if (!isOffered) throw fault(field, 'is not offered by this therapist', 'refused_by_rule');
  }
}

function offersOf(therapist: Therapist, body: WishBody): Readonly<Record<string, boolean>> {
  const { durationMinutes: minutes, specialization } = body;
  return {
    sessionType: therapist.sessionTypes.includes(body.sessionType),
    format: therapist.sessionFormats.includes(body.format),
    durationMinutes: minutes === undefined || therapist.durationsMinutes.includes(minutes),
    specialization:
      specialization === undefined ||
      therapist.specializations.some((one) => one.toLowerCase() === specialization.toLowerCase()),
  };
}

function fault(
  field: string,
  message: string,
  code: ErrorCode = 'malformed_request',
): HoldfastError {
  return new HoldfastError(code, `${field} ${message}`, { fields: [{ field, message }] });
}
