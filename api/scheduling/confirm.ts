import { type Hold, findHoldByKey } from '../../db/holds.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { Service } from '../../db/models/service.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Slot } from '../../domain/slots.ts';
import { enforce } from '../access/clinic-access.ts';
import { maySchedule, schedulingScope } from '../access/scheduling-access.ts';
import { hashSecret } from '../auth/secrets.ts';
import type { Answer, Call } from '../http/handler.ts';
import { confirmHeld } from '../sessions/confirm-hold.ts';
import type { HoldWish } from '../sessions/hold-wish.ts';
import { detailsOf } from './hold.ts';
import { invalidTime, readTimeZone } from './local-times.ts';
import { presentSession } from './present.ts';
import { type SessionBlock, type TimeBlock, formatOf, isSame, readSlots } from './session-block.ts';

interface ConfirmBody extends Pick<
  SessionBlock,
  'start_time_offset_minutes' | 'end_time_offset_minutes'
> {
  readonly hold_key: string;
  readonly session: SessionBlock;
  readonly duration_minutes?: number;
  readonly time_zone?: string;
  readonly metadata?: object;
  readonly occurrences?: readonly TimeBlock[];
}

/** POST /sessions/confirm */
export async function confirmScheduledSession(call: Call<ConfirmBody>): Promise<Answer> {
  const { body } = call;
  const hold = await openHold(call);
  const first = hold.sessions[0]!;
  const further = furtherSlots(hold, readTimes(body, first));
  assertRepeats(body.session, first);
  const sessions = await confirmHeld(call, {
    hold,
    further: further.length === 0 ? null : await wishFor(call, first, further),
    details: detailsOf(body.session.notes, body.metadata),
  });
  const now = Date.now();
  const shown = sessions.map((session) => presentSession(session, now));
  const own = shown.find(({ id }) => id === first.id);
  return { status: 200, body: { success: true, session: own, occurrences: shown } };
}

/** The key alone is not enough: its bearer must be somebody who may schedule this therapist. */
async function openHold(call: Call<ConfirmBody>): Promise<Hold> {
  const target = { action: 'hold.confirm', objectType: 'hold', objectId: null };
  await enforce(call, maySchedule(call.principal, []), target);
  const hold = await findHoldByKey(call.deps.knex, hashSecret(call.body.hold_key));
  const first = hold?.sessions[0];
  const isTheirs =
    hold?.clinicId === call.principal.clinicId &&
    first !== undefined &&
    maySchedule(call.principal, [first.therapist_id]) === 'allowed';
  if (hold !== null && isTheirs) return hold;
  throw new HoldfastError('not_found', 'There is no such hold.');
}

function readTimes(body: ConfirmBody, first: SessionRow): Slot[] {
  const zone = body.time_zone === undefined ? first.time_zone : readTimeZone(body.time_zone);
  const { start_time_offset_minutes: start, end_time_offset_minutes: end } = body;
  const offsets = {
    ...(start === undefined ? {} : { start_time_offset_minutes: start }),
    ...(end === undefined ? {} : { end_time_offset_minutes: end }),
  };
  const session = { ...offsets, ...body.session };
  const minutes = (first.ends_at.getTime() - first.starts_at.getTime()) / 60_000;
  const isGiven = session.end_time !== undefined || session.duration_minutes !== undefined;
  const length = body.duration_minutes ?? (isGiven ? undefined : minutes);
  return readSlots(session, body.occurrences ?? [], zone, length);
}

/** Times that the hold does not have. Of a held series, all are repeated or none. */
function furtherSlots(hold: Hold, given: readonly Slot[]): Slot[] {
  const [own, ...others] = given as readonly [Slot, ...Slot[]];
  const held = hold.sessions.map(slotOf);
  if (!isSame(own, held[0]!)) {
    throw invalidTime('session.start_time', 'and end_time must be those of the hold');
  }
  const further = others.filter((slot) => !held.some((other) => isSame(slot, other)));
  const isWhole = others.length === 0 || held.length === given.length - further.length;
  const addsToSeries = further.length > 0 && held.length > 1;
  if (!isWhole || addsToSeries) {
    throw invalidTime('occurrences', 'must be those of the hold');
  }
  return further;
}

function slotOf(session: SessionRow): Slot {
  return { startMs: session.starts_at.getTime(), endMs: session.ends_at.getTime() };
}

/** A confirmation repeats what the hold fixed or leaves it out. */
function assertRepeats(block: SessionBlock, held: SessionRow): void {
  const format = block.location_type === undefined ? undefined : formatOf(block.location_type);
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['therapist_id', block.therapist_id, held.therapist_id],
    ['client_id', block.client_id, held.client_id],
    ['session_type', block.session_type, held.session_type],
    ['location_id', block.location_id, held.location_id],
    ['location_type', format, held.format],
    ['service_id', block.service_id, held.service_id],
  ];
  const changed = pairs.filter(([, given, fixed]) => given !== undefined && given !== fixed);
  if (changed.length === 0) return;
  const names = changed.map(([name]) => name);
  throw new HoldfastError('refused_by_rule', `The hold fixed another ${names.join(', ')}.`, {
    fields: names.map((name) => ({ field: `session.${name}`, message: 'must repeat the hold' })),
  });
}

async function wishFor(call: Call, held: SessionRow, slots: readonly Slot[]): Promise<HoldWish> {
  const service =
    held.service_id === null
      ? null
      : ((await Service.query(call.deps.knex).findById(held.service_id)) ?? null);
  return {
    therapistId: held.therapist_id,
    clientId: held.client_id!,
    slots,
    sessionType: held.session_type,
    format: held.format,
    service,
    locationId: held.location_id,
    timeZone: held.time_zone,
    details: null,
    requiresRelationship: schedulingScope(call.principal)?.kind === 'own',
  };
}
