import { type SessionFormat } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import { parseInstant } from '../../domain/time-text.ts';
import type { Answer, Call } from '../http/handler.ts';
import { bookSession } from '../sessions/book.ts';
import { readZone } from './local-window.ts';
import { type SessionNotes, presentBooking } from './present-session.ts';
import { ok } from './answers.ts';

interface BookBody {
  readonly therapist_id: string;
  readonly session_type: string;
  readonly scheduled_at: string;
  readonly duration: number;
  readonly timezone?: string;
  readonly session_format: SessionFormat;
  readonly specialization?: string;
  readonly reason_for_session?: string;
  readonly preferred_approach?: string;
  readonly insurance_info?: { provider: string; member_id: string; group_number?: string };
  readonly emergency_contact?: object;
}

/** POST /api/therapy/sessions/book */
export async function bookTherapySession(call: Call<BookBody>): Promise<Answer> {
  const { body, principal } = call;
  if (body.session_type === 'group') {
    throw new HoldfastError('refused_by_rule', 'A group session is joined, not booked.');
  }
  const zone = body.timezone === undefined ? 'UTC' : readZone('timezone', body.timezone);
  const startMs = parseInstant(body.scheduled_at, zone);
  const { insurance_info: insurance } = body;
  const session = await bookSession(call, {
    door: 'therapy',
    therapistId: body.therapist_id,
    clientId: principal.personId,
    sessionType: body.session_type,
    format: body.session_format,
    specialization: body.specialization ?? null,
    slot: { startMs, endMs: startMs + body.duration * MINUTE_MS },
    timeZone: zone,
    details: detailsOf(body),
    insurance:
      insurance === undefined
        ? null
        : {
            payer: insurance.provider,
            memberId: insurance.member_id,
            groupNumber: insurance.group_number ?? null,
          },
    requiresRelationship: false,
    startsOnGrid: false,
  });
  return ok(presentBooking(session), 201);
}

function detailsOf(body: BookBody): SessionNotes | null {
  const { reason_for_session, preferred_approach, emergency_contact } = body;
  const typed = { reason_for_session, preferred_approach, emergency_contact };
  const given = Object.entries(typed).filter(([, value]) => value !== undefined);
  return given.length === 0 ? null : (Object.fromEntries(given) as SessionNotes);
}
