import { heartbeat } from '@temporalio/activity';
import type { Knex } from 'knex';
import {
  occurrencesWithWishes,
  seriesToOpen,
  unansweredSeries,
  waitingNotices,
} from '../../db/start-ahead.ts';
import { openTask } from '../../db/tasks.ts';
import type { MessagingDeps } from '../session/reminders.ts';
import { passCardOn } from './cards.ts';
import type { SeriesActivities, StartAheadReport } from './contract.ts';
import { lapseSeries } from './lapsing.ts';
import { mailSeriesNotice } from './notices.ts';
import { type OpeningDeps, openOccurrences } from './opening.ts';
import { type RefusedWish, applyWanted } from './wanted.ts';

export type SeriesDeps = OpeningDeps & MessagingDeps;

/** Looks after the series: each step is safe to run twice, and by two at once. */
export function createSeriesActivities(deps: SeriesDeps): SeriesActivities {
  return { startAhead: () => startAhead(deps, heartbeat) };
}

/** `beat` tells whoever waits that the run is still under way. */
export async function startAhead(
  deps: SeriesDeps,
  beat: () => void = () => undefined,
): Promise<StartAheadReport> {
  const { knex } = deps;
  const count = { lapsed: 0, opened: 0, missed: 0, editsApplied: 0, mailsSent: 0, failed: 0 };
  // One that fails holds up nobody else; the next run finds it again.
  const each = async <T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> => {
    for (const item of items) {
      beat();
      await act(item).catch(() => void (count.failed += 1));
    }
  };
  await each(await unansweredSeries(knex), async (id) => {
    if (await lapseSeries(knex, id)) count.lapsed += 1;
  });
  await each(await seriesToOpen(knex), async (id) => {
    const { opened, missed } = await openOccurrences(deps, id);
    count.opened += opened.length;
    count.missed += missed.length;
  });
  await each(await occurrencesWithWishes(knex), async (sessionId) => {
    await applyWanted(deps, sessionId, (refused) => askHuman(knex, refused));
    count.editsApplied += 1;
  });
  let cardsPassedOn = 0;
  await each([null], async () => void (cardsPassedOn = await passCardOn(deps, null)));
  await each(await waitingNotices(knex), async (notice) => {
    await mailSeriesNotice(deps, notice);
    count.mailsSent += 1;
  });
  return { ...count, cardsPassedOn };
}

/** Whoever edited the series was told that it is being done, and nobody is there any more to hear. */
function askHuman(knex: Knex, { occurrence, wanted, code }: RefusedWish): Promise<boolean> {
  return openTask(knex, {
    clinicId: occurrence.clinic_id,
    key: `series_edit_refused/${wanted.requestId}`,
    kind: 'series_edit_refused',
    sessionId: occurrence.id,
    data: {
      seriesId: occurrence.series_id,
      code,
      wanted: wanted.kind,
      startsAt: occurrence.starts_at.toISOString(),
      ...(wanted.kind === 'move'
        ? { wantedStartsAt: new Date(wanted.startsAt).toISOString() }
        : {}),
    },
  });
}
