import { findSeries } from '../../db/models/series.ts';
import type { SeriesRow } from '../../db/models/series.ts';
import { findRecipient } from '../../db/recipients.ts';
import type { Recipient } from '../../db/recipients.ts';
import { type OccurrenceView, type SeriesNotice, viewOccurrences } from '../../db/series.ts';
import { type WaitingNotice, settleNotice } from '../../db/start-ahead.ts';
import { isEnded } from '../../domain/session.ts';
import { formatForHuman } from '../../domain/time-text.ts';
import { sendMailOnce } from '../session/mailing.ts';
import type { MessagingDeps } from '../session/reminders.ts';

type Audience = 'client' | 'therapist';

const AUDIENCES: Readonly<Record<SeriesNotice, readonly Audience[]>> = {
  requested: ['therapist'],
  booked: ['client', 'therapist'],
  approved: ['client'],
  declined: ['client'],
  expired: ['client', 'therapist'],
  cancelled: ['client', 'therapist'],
  changed: ['client', 'therapist'],
};

const SUBJECTS: Readonly<Record<SeriesNotice, string>> = {
  requested: 'A request for regular appointments waits for your answer',
  booked: 'Regular appointments were made',
  approved: 'Your regular appointments were accepted',
  declined: 'Your request for regular appointments was declined',
  expired: 'A request for regular appointments has lapsed',
  cancelled: 'Regular appointments were cancelled',
  changed: 'Regular appointments were changed',
};

/** More times than this are a calendar's business. */
const MOST_TIMES = 12;

/** E-mails about a series: one of each kind, version and recipient. Times only, no names. */
export async function mailSeriesNotice(deps: MessagingDeps, notice: WaitingNotice): Promise<void> {
  const series = await findSeries(deps.knex, notice.seriesId);
  if (series !== null) {
    const times = await upcoming(deps, series);
    for (const audience of AUDIENCES[notice.kind]) {
      const personId = audience === 'client' ? series.client_id : series.therapist_id;
      const recipient = await findRecipient(deps.knex, personId);
      if (recipient !== null) await mail(deps, notice, times, recipient);
    }
  }
  await settleNotice(deps.knex, notice);
}

async function upcoming({ knex }: MessagingDeps, series: SeriesRow): Promise<OccurrenceView[]> {
  const now = Date.now();
  const occurrences = await viewOccurrences(knex, [series.id]);
  return occurrences.filter((each) => !isEnded(each.status) && each.starts_at.getTime() > now);
}

async function mail(
  deps: MessagingDeps,
  { seriesId, kind, version }: WaitingNotice,
  times: readonly OccurrenceView[],
  recipient: Recipient,
): Promise<void> {
  const subject = SUBJECTS[kind];
  const shown = times
    .slice(0, MOST_TIMES)
    .map((each) => formatForHuman(each.starts_at.getTime(), recipient.language, recipient.zone));
  const more = times.length - shown.length;
  const lines = [
    `${subject}.`,
    ...(shown.length > 0 ? ['', 'Times to come:', ...shown.map((time) => `- ${time}`)] : []),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
  await sendMailOnce(deps, {
    key: `series:${seriesId}:${kind}:v${version}:${recipient.personId}`,
    kind: `series_${kind}`,
    sessionId: null,
    scheduleVersion: null,
    dueAtMs: null,
    recipient,
    subject,
    text: [...lines, ''].join('\n'),
  });
}
