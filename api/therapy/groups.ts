import { auditRead } from '../../db/audit/record.ts';
import {
  type UpcomingSession,
  listGroups,
  therapistNames,
  upcomingSessions,
} from '../../db/groups.ts';
import type { Group } from '../../db/models/group.ts';
import { type SeatRow, findSessionFor, isSeat, liveSeatIn, membersOf } from '../../db/seats.ts';
import { SEATED_STATES } from '../../domain/enrolment.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { nextTimes } from '../../domain/group.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import { auditContext } from '../access/audit-context.ts';
import { joinGroup } from '../groups/join.ts';
import { openGroup } from '../groups/open-group.ts';
import type { Answer, Call, HandlerMap, Query } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { refundOf } from '../sessions/refund-view.ts';
import { ok } from './answers.ts';
import { writeInstant } from './local-window.ts';
import { presentBooking, roomOf, statusWord } from './present-session.ts';

interface JoinBody {
  readonly session_id?: string;
  readonly consent: {
    readonly group_guidelines: boolean;
    readonly confidentiality_agreement: boolean;
  };
}

/** POST /api/therapy/groups/{id}/join */
async function joinTherapyGroup(call: Call<JoinBody>): Promise<Answer> {
  const group = await openGroup(call, 'join');
  const refused = Object.entries(call.body.consent).filter(([, given]) => given !== true);
  if (refused.length > 0) {
    throw new HoldfastError('consent_required', 'Both consents are needed.', {
      fields: refused.map(([name]) => ({ field: `consent.${name}`, message: 'must be true' })),
    });
  }
  const seat = await joinGroup(call, group, {
    sessionId: call.body.session_id ?? null,
    consents: { group_guidelines: true, confidentiality_agreement: true },
  });
  return ok(await presentJoined(call, group, seat));
}

async function presentJoined(call: Call, group: Group, seat: SeatRow): Promise<object> {
  const {
    booking_status: status,
    therapist_confirmation_required: _none,
    ...terms
  } = presentBooking(seat);
  const members = await membersOf(call.deps.knex, [seat.id]);
  const others = members.filter(
    ({ state, person_id }) =>
      (SEATED_STATES as readonly string[]).includes(state) && person_id !== seat.client_id,
  );
  const isSettled = seat.status === 'confirmed';
  return {
    ...terms,
    session_id: seat.id,
    group_id: group.id,
    participant_status: seat.enrolment_state === 'left' ? 'left' : status,
    ...roomOf(seat, {
      personId: call.principal.personId,
      publicUrl: call.deps.http.publicUrl,
    }),
    group_guidelines: group.guidelines,
    other_participants: others.length,
    session_materials: isSettled ? group.materials : [],
  };
}

/** POST /api/therapy/groups/{id}/leave */
async function leaveTherapyGroup(
  call: Call<{ session_id?: string; reason?: string } | undefined>,
): Promise<Answer> {
  const { deps, body } = call;
  const group = await openGroup(call, 'leave');
  const seat = await ownSeat(call, group, body?.session_id);
  const answer = await acts.cancelFor(call, seat, body?.reason, {
    wantsRefund: true,
    fee: 'standard',
  });
  return ok({
    session_id: seat.id,
    group_id: group.id,
    status: statusWord(answer.status),
    participant_status: 'left',
    cancellation_fee: decimalFromCents(answer.feeCents),
    refund_amount: decimalFromCents(answer.refundCents),
    ...(await refundOf(deps.knex, seat, answer)),
  });
}

/** The caller's seat in that session of the group, or in the next one in which they have any. */
async function ownSeat(call: Call, group: Group, sessionId: string | undefined): Promise<SeatRow> {
  const { deps, principal } = call;
  const id =
    sessionId ?? (await liveSeatIn(deps.knex, group.id, principal.personId))?.sessionId ?? null;
  const seat = id === null ? null : await findSessionFor(deps.knex, id, principal.personId);
  if (seat !== null && seat.group_id === group.id && isSeat(seat)) return seat;
  throw new HoldfastError('not_found', 'You have no seat in this group.');
}

interface GroupsQuery extends Query {
  readonly therapist_id?: string;
}

const MAX_GROUPS = 100;
const WEEKS_SHOWN = 4;

/** GET /api/therapy/groups */
async function listTherapyGroups(call: Call<unknown, GroupsQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const groups = await listGroups(deps.knex, {
    clinicId: principal.clinicId,
    therapistId: query.therapist_id ?? null,
    activeOnly: true,
    after: null,
    limit: MAX_GROUPS,
  });
  const open = groups.filter(({ joinable_by }) => joinable_by === 'anyone');
  const [names, sessions] = await Promise.all([
    therapistNames(
      deps.knex,
      open.map(({ therapist_id }) => therapist_id),
    ),
    upcomingSessions(
      deps.knex,
      open.map(({ id }) => id),
    ),
  ]);
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'group.list',
    objectType: 'group',
    objectId: null,
  });
  const now = Date.now();
  return ok({
    groups: open.map((group) => ({
      ...presentGroup(group, now),
      therapist: { therapist_id: group.therapist_id, display_name: names.get(group.therapist_id) },
      sessions: sessions.filter(({ groupId }) => groupId === group.id).map(presentUpcoming),
    })),
  });
}

function presentGroup(group: Group, now: number): object {
  const {
    weekly_times: weeklyTimes,
    time_zone: timeZone,
    duration_minutes: durationMinutes,
  } = group;
  return {
    group_id: group.id,
    name: group.name,
    group_theme: group.theme,
    group_guidelines: group.guidelines,
    session_format: group.format,
    max_participants: group.capacity,
    duration: durationMinutes,
    timezone: timeZone,
    ...(group.price_cents === null ? {} : { price: decimalFromCents(group.price_cents) }),
    standing_times: nextTimes({ weeklyTimes, timeZone, durationMinutes }, now, WEEKS_SHOWN).map(
      ({ startMs }) => writeInstant(startMs),
    ),
  };
}

function presentUpcoming({ id, startsAt, endsAt, capacity, seats }: UpcomingSession): object {
  return {
    session_id: id,
    scheduled_at: writeInstant(startsAt.getTime()),
    duration: Math.round((endsAt.getTime() - startsAt.getTime()) / 60_000),
    available_seats: Math.max(0, capacity - seats),
  };
}

export const therapyGroupHandlers = {
  joinTherapyGroup,
  leaveTherapyGroup,
  listTherapyGroups,
} satisfies Partial<HandlerMap>;
