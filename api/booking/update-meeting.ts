import type { MeetingView } from '../../db/meeting-views.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import { isEnded } from '../../domain/session.ts';
import { parseInstant } from '../../domain/time-text.ts';
import { relationTo } from '../access/session-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { type RevisionWish, reviseSession } from '../sessions/revise.ts';
import { DURATIONS } from './durations.ts';
import { type StatusRequest, requestOf } from './meeting-request.ts';
import type { MeetingStatus } from './meeting-status.ts';
import { readTexts } from './meeting-texts.ts';
import { answerMeeting, openMeeting } from './open-meeting.ts';

export interface MeetingUpdate {
  readonly title?: string | null;
  readonly description?: string | null;
  readonly startTime?: string;
  readonly duration?: number;
  readonly status?: MeetingStatus;
  readonly meetingType?: SessionFormat;
  readonly therapistId?: string;
  readonly reason?: string;
}

/** PUT /booking/meetings/{id}: what the body repeats of the meeting as it is asks for nothing. */
export async function updateMeeting(call: Call<MeetingUpdate>): Promise<Answer> {
  const meeting = await openMeeting(call, 'revise');
  if (isEnded(meeting.status)) {
    throw new HoldfastError('wrong_state', 'A meeting that is over can no longer be updated');
  }
  const request = requestOf(call.principal, meeting, call.body);
  const wish = await wishOf(call, meeting, request);
  if (request !== null && request !== 'approve') await end(call, meeting, request, wish);
  else if (wish !== null) await reviseSession(call, meeting, wish);
  return answerMeeting(call, meeting.id);
}

/** A meeting that ends changes in nothing else. */
async function end(
  call: Call<MeetingUpdate>,
  meeting: MeetingView,
  request: Exclude<StatusRequest, 'approve'>,
  wish: RevisionWish | null,
): Promise<void> {
  if (wish !== null) {
    throw new HoldfastError('malformed_request', 'A status that ends a meeting must come alone');
  }
  switch (request) {
    case 'cancel':
      await acts.cancelFor(call, meeting, call.body.reason, { wantsRefund: true, fee: 'standard' });
      return;
    case 'attended':
    case 'absent':
      await acts.markAttendance(call, meeting, request);
      return;
    default:
      assertNever(request);
  }
}

/** What the body would have otherwise than it is; null where nothing. */
async function wishOf(
  call: Call<MeetingUpdate>,
  meeting: MeetingView,
  request: StatusRequest | null,
): Promise<RevisionWish | null> {
  const { body } = call;
  const wish = {
    slot: slotWish(meeting, body),
    therapistId: therapistWish(call, meeting),
    format:
      body.meetingType === undefined || body.meetingType === meeting.format
        ? null
        : body.meetingType,
    texts: await textsWish(call, meeting),
    approves: request === 'approve',
  };
  const isEmpty = Object.values(wish).every((part) => part === null || part === false);
  return isEmpty ? null : { ...wish, reason: body.reason ?? null, startsOnGrid: true };
}

function slotWish(meeting: MeetingView, { startTime, duration }: MeetingUpdate): Interval | null {
  const { starts_at: startsAt, ends_at: endsAt } = meeting;
  const startMs = startTime === undefined ? startsAt.getTime() : parseInstant(startTime, 'UTC');
  const currentMs = endsAt.getTime() - startsAt.getTime();
  const lengthMs = duration === undefined ? currentMs : duration * MINUTE_MS;
  if (lengthMs !== currentMs && !DURATIONS.includes(lengthMs / MINUTE_MS)) {
    throw new HoldfastError(
      'malformed_request',
      `duration must be one of: ${DURATIONS.join(', ')}`,
    );
  }
  const slot = { startMs, endMs: startMs + lengthMs };
  const isProposed = isSame(slot, meeting.proposed_starts_at, meeting.proposed_ends_at);
  return isProposed || isSame(slot, startsAt, endsAt) ? null : slot;
}

function isSame(slot: Interval, startsAt: Date | null, endsAt: Date | null): boolean {
  return slot.startMs === startsAt?.getTime() && slot.endMs === endsAt?.getTime();
}

function therapistWish(call: Call<MeetingUpdate>, meeting: MeetingView): string | null {
  const { therapistId } = call.body;
  if (therapistId === undefined || therapistId === meeting.therapist_id) return null;
  if (relationTo(call.principal, meeting) === 'clinic') return therapistId;
  throw new HoldfastError('forbidden', 'Only the clinic gives a meeting to another therapist');
}

async function textsWish(
  { body, deps, principal }: Call<MeetingUpdate>,
  meeting: MeetingView,
): Promise<RevisionWish['texts']> {
  const [shown] = await readTexts(deps, principal.personId, [meeting]);
  const changed = (['title', 'description'] as const).flatMap((name) => {
    const text = body[name];
    const isNew = text !== undefined && (text ?? '') !== (shown![name] ?? '');
    return isNew ? [[name, text === '' ? null : text] as const] : [];
  });
  return changed.length === 0 ? null : Object.fromEntries(changed);
}
