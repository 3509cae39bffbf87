import type { SessionRow } from '../../db/sessions.ts';
import { formatForHuman } from '../../domain/time-text.ts';
import type { Recipient } from '../../db/recipients.ts';
import type { NoticeKind } from './contract.ts';

export type Audience = 'client' | 'therapist' | 'former_therapist';

/** Who hears of what. */
export const AUDIENCES: Readonly<Record<NoticeKind, readonly Audience[]>> = {
  requested: ['therapist'],
  approved: ['client'],
  confirmed: ['client', 'therapist'],
  declined: ['client'],
  expired: ['client', 'therapist'],
  cancelled: ['client', 'therapist'],
  rescheduled: ['client', 'therapist'],
  reschedule_proposed: ['therapist'],
  reschedule_refused: ['client'],
  payment_lapsed: ['client'],
  reassigned: ['client', 'therapist'],
  handed_over: ['former_therapist'],
  follow_up: ['client'],
  screening_reminder: ['client'],
};

/** What a notice does to people's calendars: puts an entry there, or takes an earlier one back. */
export const CALENDAR_NOTICES: Readonly<Partial<Record<NoticeKind, 'invites' | 'withdraws'>>> = {
  confirmed: 'invites',
  rescheduled: 'invites',
  declined: 'withdraws',
  expired: 'withdraws',
  cancelled: 'withdraws',
  reassigned: 'invites',
  handed_over: 'withdraws',
};

const SUBJECTS: Readonly<Record<NoticeKind, string>> = {
  requested: 'An appointment request waits for your answer',
  approved: 'Your appointment was accepted: please pay to confirm it',
  confirmed: 'Appointment confirmed',
  declined: 'Your appointment request was declined',
  expired: 'An appointment request has lapsed',
  cancelled: 'Appointment cancelled',
  rescheduled: 'Appointment moved',
  reschedule_proposed: 'A new time was proposed for an appointment',
  reschedule_refused: 'The new time was not accepted: the appointment stays as it was',
  reassigned: 'Another therapist takes over an appointment',
  handed_over: 'An appointment was given to another therapist',
  payment_lapsed: 'Please pay again to keep your appointment',
  follow_up: 'After your appointment',
  screening_reminder: 'A few questions wait for you',
};

/** What a notice says: a time and a link. No names of therapists, no reasons. */
export function noticeText(
  kind: NoticeKind,
  session: SessionRow,
  recipient: Recipient,
  publicUrl: string,
  tasks: readonly string[] = [],
): { subject: string; text: string } {
  const isProposal = kind === 'reschedule_proposed';
  const at = (isProposal ? session.proposed_starts_at : null) ?? session.starts_at;
  const time = formatForHuman(at.getTime(), recipient.language, recipient.zone);
  const link = `${publicUrl}/room/${session.id}`;
  const lines =
    kind === 'follow_up'
      ? followUpLines(session)
      : kind === 'screening_reminder'
        ? ['We would still like to know how you are.']
        : [`${SUBJECTS[kind]}.`, `Time: ${time}`];
  const asked = tasks.length === 0 ? [] : ['', 'Please answer a few questions:', ...tasks];
  return { subject: SUBJECTS[kind], text: [...lines, ...asked, '', link, ''].join('\n') };
}

function followUpLines({ plan }: SessionRow): string[] {
  const lines = ['Thank you for coming.'];
  if (plan.followUp?.askForRating === true)
    lines.push('Tell us how it was: a rating takes a moment.');
  if (plan.followUp?.offerRebooking === true)
    lines.push('You can book your next appointment any time.');
  return lines;
}
