import { slotsRoom } from '../../db/broadcasts.ts';
import { findTherapist } from '../../db/therapists.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { watchedDates } from '../../domain/slot-days.ts';
import { auditRead } from '../../db/audit/record.ts';
import { auditContext } from '../access/audit-context.ts';
import type { EventAnswer, EventCall } from './event-call.ts';

/** A therapist's day, by the date in the therapist's own zone. */
export interface SlotsDay {
  readonly therapistId: string;
  readonly date: string;
}

/** A calendar's page shows some weeks; more is no page. */
const MOST_DAYS = 62;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

export function parseSlotsDay(payload: unknown): SlotsDay | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const therapistId: unknown = Reflect.get(payload, 'therapistId');
  const date: unknown = Reflect.get(payload, 'date');
  if (typeof therapistId !== 'string' || !isUuid(therapistId)) return null;
  return typeof date === 'string' && ISO_DATE.test(date) ? { therapistId, date } : null;
}

/** From now on `slots-changed` tells this socket of the day. Whose slots may be seen may be watched. */
export async function subscribeToSlots(call: EventCall<SlotsDay>): Promise<EventAnswer> {
  const { deps, principal, socket, payload } = call;
  const { therapistId, date } = payload;
  if (principal.isAnonymous) throw new HoldfastError('forbidden', 'This needs an account');
  const therapist = await findTherapist(deps.knex, principal.clinicId, therapistId);
  if (therapist === null || !therapist.isVerified) {
    await auditRead(deps.knex, auditContext(principal, socket.id), {
      action: 'slots.watch',
      objectType: 'therapist',
      objectId: therapistId,
      outcome: 'denied',
    });
    throw new HoldfastError('not_found', 'There is no such therapist');
  }
  if (!watchedDates(therapist.timeZone, Date.now(), null).includes(date)) {
    throw new HoldfastError('refused_by_rule', 'This date is over, or too far ahead');
  }
  const room = slotsRoom(therapistId, date);
  const watched = [...socket.rooms].filter((name) => name.startsWith('slots:') && name !== room);
  if (watched.length >= MOST_DAYS) {
    throw new HoldfastError('refused_by_rule', 'One connection watches so many days at most');
  }
  await socket.join(room);
  return { therapistId, date };
}

export async function unsubscribeFromSlots(call: EventCall<SlotsDay>): Promise<EventAnswer> {
  const { therapistId, date } = call.payload;
  await call.socket.leave(slotsRoom(therapistId, date));
  return { therapistId, date };
}
