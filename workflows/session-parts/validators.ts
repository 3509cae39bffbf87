import { isUuid } from '../../domain/ids.ts';
import type { Actor, RoomPresence } from '../messages/session.ts';
import { field, refusal, textField } from '../arguments.ts';

/**
 * Whoever reaches Temporal can send any argument. One that is not what the message asks for is
 * refused before its handler runs: an error inside a handler would stall the session for ever.
 */
interface Validated {
  readonly validator: (request: unknown) => void;
}

const PARTIES: readonly unknown[] = ['client', 'therapist', 'staff', 'system'];
const FEES: readonly unknown[] = ['standard', 'waive_fee', 'charge_fee'];
const ATTENDANCES: readonly unknown[] = ['attended', 'absent'];

export const validated = {
  answer: byActor(() => true),
  pay: byActor((request) => isUuid(textField(request, 'paymentId') ?? '')),
  cancel: byActor(
    (request) =>
      typeof field(request, 'wantsRefund') === 'boolean' && FEES.includes(field(request, 'fee')),
  ),
  reschedule: byActor(isTime),
  revise: byActor((request) => {
    const time = field(request, 'time');
    return (
      isUuid(textField(request, 'revisionId') ?? '') &&
      (time === null || isTime(time)) &&
      isIdOrNull(request, 'fromTherapistId') &&
      typeof field(request, 'approves') === 'boolean'
    );
  }),
  relocate: byActor(
    (request) =>
      isTime(request) &&
      isIdOrNull(request, 'revisionId') &&
      isIdOrNull(request, 'fromTherapistId') &&
      typeof field(request, 'needsApproval') === 'boolean',
  ),
  attendance: byActor((request) => ATTENDANCES.includes(field(request, 'attendance'))),
} satisfies Readonly<Record<string, Validated>>;

/** What a signal says of the room; null where it says nothing that could be true. */
export function presenceIn(told: unknown): RoomPresence | null {
  const sequence = field(told, 'sequence');
  const isSequence = typeof sequence === 'number' && Number.isSafeInteger(sequence);
  const [clientCameAt, therapistCameAt, emptySince] = [
    field(told, 'clientCameAt') ?? null,
    field(told, 'therapistCameAt') ?? null,
    field(told, 'emptySince') ?? null,
  ];
  if (!isSequence || !isInstantOrNull(clientCameAt)) return null;
  if (!isInstantOrNull(therapistCameAt) || !isInstantOrNull(emptySince)) return null;
  // Where nobody came there is nothing to tell.
  if (clientCameAt === null && therapistCameAt === null) return null;
  return { sequence, clientCameAt, therapistCameAt, emptySince };
}

function isInstantOrNull(value: unknown): value is number | null {
  return value === null || isInstant(value);
}

function byActor(isWellFormed: (request: unknown) => boolean): Validated {
  return {
    validator: (request) => {
      if (isActor(field(request, 'actor')) && isWellFormed(request)) return;
      throw refusal('malformed_request', 'The argument is not what this message asks for.');
    },
  };
}

function isActor(value: unknown): value is Actor {
  const personId = field(value, 'personId');
  const isPerson = personId === null || (typeof personId === 'string' && isUuid(personId));
  return isPerson && PARTIES.includes(field(value, 'party'));
}

function isIdOrNull(value: unknown, name: string): boolean {
  return field(value, name) === null || isUuid(textField(value, name) ?? '');
}

function isTime(value: unknown): boolean {
  const startsAt = field(value, 'startsAt');
  const endsAt = field(value, 'endsAt');
  return isInstant(startsAt) && isInstant(endsAt) && startsAt < endsAt;
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15;
}
