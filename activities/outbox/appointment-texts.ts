import type { FieldCipher, FieldRef } from '../../crypto/field-cipher.ts';
import type { AppointmentFacts } from '../../db/appointments.ts';
import type { Knex } from 'knex';
import type { AppointmentTexts } from '../../domain/appointment-events.ts';

/**
 * What was typed about a session, opened. The reason belongs to the session's last step: an event
 * of an earlier one, `version`, goes without.
 */
export async function appointmentTexts(
  { knex, cipher }: { knex: Knex; cipher: FieldCipher },
  { id, seatId, version: current, details, lastReason }: AppointmentFacts,
  version: number,
): Promise<AppointmentTexts> {
  const ref = { purpose: 'session', objectId: id };
  const fields = [
    ...(details === null ? [] : [{ ref: { ...ref, column: 'details' }, sealed: details }]),
    ...(lastReason === null || version !== current
      ? []
      : [{ ref: reasonRef(id, seatId), sealed: lastReason }]),
  ];
  const opened = await cipher.openFields(knex, fields);
  const textOf = (column: string): string | null =>
    opened[fields.findIndex((field) => field.ref.column === column)] ?? null;
  const typed = parsed(textOf('details'));
  return {
    title: stringIn(typed, 'title'),
    description: stringIn(typed, 'description') ?? stringIn(typed, 'reason_for_session'),
    reason: textOf('last_reason'),
    sessionNotes: null,
  };
}

/** Why somebody has left a group's session is kept with their seat in it. */
function reasonRef(sessionId: string, seatId: string | null): FieldRef {
  const ref = { purpose: 'session', objectId: sessionId, column: 'last_reason' };
  return seatId === null ? ref : { ...ref, rowId: seatId };
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

function stringIn(value: unknown, name: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const text: unknown = Reflect.get(value, name);
  return typeof text === 'string' && text !== '' ? text : null;
}
