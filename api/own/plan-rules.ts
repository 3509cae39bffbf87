import type { FieldFault } from '../../domain/errors.ts';
import type { Plan } from '../../domain/plan.ts';

/** A card authorisation lives seven days at most, and the answer needs room within it. */
const MAX_NEAR_SESSION_MS = 6 * 86_400_000;

/** What a plan of the right shape may still get wrong; empty for a sound one. */
export function planFaults(plan: Plan): FieldFault[] {
  return [...horizonFaults(plan), ...paymentFaults(plan), ...reminderFaults(plan)];
}

function horizonFaults({ horizonMs, minimumNoticeMs }: Plan): FieldFault[] {
  if (minimumNoticeMs < horizonMs) return [];
  return [
    {
      field: 'plan.horizonMs',
      message: 'must be longer than minimumNoticeMs, else nothing can be booked',
    },
  ];
}

function paymentFaults({ payment, room }: Plan): FieldFault[] {
  if (payment.timing !== 'near_session') return [];
  const field = 'plan.payment.nearSessionMs';
  if (payment.nearSessionMs <= 0 || payment.nearSessionMs > MAX_NEAR_SESSION_MS) {
    const message = 'must be more than 0 and at most 6 days: a card authorisation lives no longer';
    return [{ field, message }];
  }
  if (payment.nearSessionMs > (room?.opensBeforeStartMs ?? 0)) return [];
  const message =
    'must be longer than room.opensBeforeStartMs: a session that the host has begun is not charged';
  return [{ field, message }];
}

function reminderFaults({ horizonMs, reminders }: Plan): FieldFault[] {
  return reminders.flatMap(({ beforeStartMs }, at) => {
    const field = `plan.reminders.${at}.beforeStartMs`;
    const isRepeated = reminders.findIndex((one) => one.beforeStartMs === beforeStartMs) < at;
    if (isRepeated) return [{ field, message: 'must differ from the other reminders' }];
    return beforeStartMs > horizonMs
      ? [{ field, message: 'must not be longer than horizonMs' }]
      : [];
  });
}
