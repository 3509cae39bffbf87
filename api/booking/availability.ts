import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import { readTimeOfDay, writeTimeOfDay } from '../../domain/time-text.ts';
import {
  type WeeklyHours,
  changeWeeklyHours,
  createWeeklyHours,
  listWeeklyHours,
  removeWeeklyHours,
} from '../availability/weekly-hours.ts';
import type { Answer, Call } from '../http/handler.ts';
import { THERAPISTS_ONLY } from './present-error.ts';

interface HoursBody {
  readonly dayOfWeek: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly notes?: string | null;
}

/** POST /booking/availability */
export async function createAvailability(call: Call<HoursBody>): Promise<Answer> {
  const { dayOfWeek, startTime, endTime, notes = null } = call.body;
  const hours = await asTherapist(call, () =>
    createWeeklyHours(call, {
      dayOfWeek,
      startMinute: readMinute('startTime', startTime),
      endMinute: readMinute('endTime', endTime),
      notes,
    }),
  );
  return { status: 201, body: present(hours) };
}

/** GET /booking/availability */
export async function listAvailability(call: Call): Promise<Answer> {
  const hours = await asTherapist(call, () => listWeeklyHours(call));
  return { status: 200, body: hours.map(present) };
}

/** PUT /booking/availability/{id} */
export async function updateAvailability(
  call: Call<Partial<HoursBody> & { readonly isAvailable?: boolean }>,
): Promise<Answer> {
  const { startTime, endTime, dayOfWeek, notes, isAvailable } = call.body;
  const hours = await asTherapist(call, () =>
    changeWeeklyHours(call, call.params['id']!, {
      ...(dayOfWeek === undefined ? {} : { dayOfWeek }),
      ...(startTime === undefined ? {} : { startMinute: readMinute('startTime', startTime) }),
      ...(endTime === undefined ? {} : { endMinute: readMinute('endTime', endTime) }),
      ...(notes === undefined ? {} : { notes }),
      ...(isAvailable === undefined ? {} : { isAvailable }),
    }),
  );
  return { status: 200, body: present(hours) };
}

/** DELETE /booking/availability/{id} */
export async function deleteAvailability(call: Call): Promise<Answer> {
  await asTherapist(call, () => removeWeeklyHours(call, call.params['id']!));
  return { status: 200, body: { success: true } };
}

/** Who has no hours of their own is told so; a therapist at others' hours is told that they are others'. */
async function asTherapist<T>(call: Call, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOthers = call.params['id'] !== undefined && call.principal.isVerifiedTherapist;
    if (errorCodeOf(error) !== 'forbidden' || isOthers) throw error;
    const message = 'Only therapists can manage availability';
    throw new HoldfastError('forbidden', message, THERAPISTS_ONLY);
  }
}

function readMinute(field: 'startTime' | 'endTime', text: string): number {
  const minute = readTimeOfDay(text, field === 'startTime' ? 'start' : 'end');
  if (minute !== null) return minute;
  throw new HoldfastError('malformed_request', `${field} must be HH:MM on a 24-hour clock`);
}

function present(hours: WeeklyHours): Record<string, unknown> {
  return {
    id: hours.id,
    therapistId: hours.therapistId,
    dayOfWeek: hours.dayOfWeek,
    startTime: writeTimeOfDay(hours.startMinute),
    endTime: writeTimeOfDay(hours.endMinute),
    isAvailable: hours.isAvailable,
    notes: hours.notes,
    createdAt: hours.createdAt.toISOString(),
    updatedAt: hours.updatedAt.toISOString(),
  };
}
