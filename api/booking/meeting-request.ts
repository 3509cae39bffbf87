import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { parseInstant } from '../../domain/time-text.ts';
import type { Principal } from '../access/principal.ts';
import { relationTo } from '../access/session-access.ts';
import { type MeetingStatus, meetingStatus } from './meeting-status.ts';

/** What a status in a body asks for. */
export type StatusRequest = 'approve' | 'attended' | 'absent' | 'cancel';

interface StatusBody {
  readonly status?: MeetingStatus;
  readonly startTime?: string;
}

/**
 * Reads a status as a request, never as a fact. One that the meeting has already asks for nothing,
 * unless it is the therapist's and a proposed time waits for the answer. Throws
 * `malformed_request` for what this caller can't ask for.
 */
export function requestOf(
  principal: Principal,
  meeting: SessionRow,
  body: StatusBody,
): StatusRequest | null {
  const { status } = body;
  const isTherapist = relationTo(principal, meeting) === 'therapist';
  if (status === undefined) return null;
  if (status === 'CANCELLED') return 'cancel';
  if (isTherapist && status === 'CONFIRMED') return approvalIn(meeting, body);
  if (status === meetingStatus(meeting.status)) return null;
  if (isTherapist && status === 'COMPLETED') return 'attended';
  if (isTherapist && status === 'NO_SHOW') return 'absent';
  throw new HoldfastError('malformed_request', 'You cannot give this meeting this status');
}

function approvalIn(meeting: SessionRow, { startTime }: StatusBody): StatusRequest | null {
  if (meetingStatus(meeting.status) !== 'CONFIRMED') return 'approve';
  if (meeting.proposed_starts_at === null) return null;
  // Whoever repeats the old time as well has not agreed to the new one.
  const isOldTime =
    startTime !== undefined && parseInstant(startTime, 'UTC') === meeting.starts_at.getTime();
  return isOldTime ? null : 'approve';
}
