import { findRecipient, recipientsOfSession, type Recipient } from '../../db/recipients.ts';
import { findLife, hasSeats } from '../../db/seats.ts';
import { wasInvited } from '../../db/sends.ts';
import { preparationsOf, prepareSession } from '../../db/session-preparations.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { type CalendarEntry, sessionIcs } from '../../domain/calendar.ts';
import type { NoticeInput, NoticeKind, SessionActivities } from './contract.ts';
import { formerTherapist } from '../../db/revisions.ts';
import { sendMailOnce } from './mailing.ts';
import { noticeKey } from './notice-key.ts';
import { AUDIENCES, type Audience, CALENDAR_NOTICES, noticeText } from './notice-texts.ts';
import type { MessagingDeps } from './reminders.ts';

/** E-mails about what became of a session, one of each kind, version and recipient. */
export function createNoticeActivities(deps: MessagingDeps): Pick<SessionActivities, 'notify'> {
  return { notify: (input) => notify(deps, input) };
}

async function notify(deps: MessagingDeps, input: NoticeInput): Promise<void> {
  const session = await findLife(deps.knex, input);
  if (session === null) return;
  for (const audience of AUDIENCES[input.kind]) {
    for (const recipient of await peopleOf(deps, session, audience)) {
      await mailNotice(deps, session, recipient, input);
    }
  }
}

/**
 * The client or the one member, whose enrolment may be over by now, or the therapist. A group's
 * session speaks to the therapist, and each member's life to that member, of whom nobody else hears.
 */
async function peopleOf(
  { knex }: MessagingDeps,
  session: SessionRow,
  audience: Audience,
): Promise<Recipient[]> {
  if (audience === 'client' && session.client_id === null) {
    return hasSeats(session) ? [] : recipientsOfSession(knex, session.id);
  }
  if (audience !== 'client' && session.enrolment_id !== undefined) return [];
  const personId =
    audience === 'former_therapist'
      ? await formerTherapist(knex, session.id)
      : audience === 'client'
        ? session.client_id!
        : session.therapist_id;
  if (personId === null) return [];
  const person = await findRecipient(knex, personId);
  return person === null ? [] : [person];
}

async function mailNotice(
  deps: MessagingDeps,
  session: SessionRow,
  recipient: Recipient,
  { kind, version }: NoticeInput,
): Promise<void> {
  const tasks = await followUpTasks(deps, session, recipient, kind);
  // Whoever has answered meanwhile is not reminded of it.
  if (kind === 'screening_reminder' && tasks.length === 0) return;
  const { subject, text } = noticeText(kind, session, recipient, deps.publicUrl, tasks);
  const ics = await calendarFor(deps, session, recipient, kind);
  await sendMailOnce(deps, {
    key: `${noticeKey(session, kind)}v${version}:${recipient.personId}`,
    kind,
    sessionId: session.id,
    scheduleVersion: null,
    dueAtMs: null,
    recipient,
    subject,
    text,
    ...(ics === null ? {} : { ics }),
  });
}

/** Addresses of what is to be filled in after the session and is not yet. */
async function followUpTasks(
  { knex, publicUrl }: MessagingDeps,
  session: SessionRow,
  { personId }: Recipient,
  kind: NoticeKind,
): Promise<string[]> {
  const isAsked = kind === 'follow_up' || kind === 'screening_reminder';
  if (!isAsked || (session.plan.followUp?.screening ?? null) === null) return [];
  await prepareSession(knex, session, 'follow_up');
  const sessionIds = [session.id];
  const asked = await preparationsOf(knex, { sessionIds, personId, purpose: 'follow_up' });
  return asked
    .filter(({ completedAt }) => completedAt === null)
    .map(({ id }) => `${publicUrl}/assessments/${id}`);
}

/**
 * The calendar file that goes with a notice. What is not confirmed yet stands in nobody's
 * calendar, even when it has moved, and only an entry that was sent is taken back.
 */
async function calendarFor(
  deps: MessagingDeps,
  session: SessionRow,
  recipient: Recipient,
  kind: NoticeKind,
): Promise<string | null> {
  const change = CALENDAR_NOTICES[kind];
  if (change === undefined || recipient.email === null) return null;
  const isDue =
    change === 'invites'
      ? session.status === 'confirmed'
      : await wasInvited(deps.knex, session.id, recipient.personId);
  if (!isDue) return null;
  const entry: CalendarEntry = {
    sessionId: session.id,
    sequence: session.version,
    status: change === 'invites' ? 'confirmed' : 'cancelled',
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    link: `${deps.publicUrl}/room/${session.id}`,
    now: Date.now(),
  };
  return sessionIcs(entry, deps.organizer, { by: 'mail', to: recipient.email });
}
