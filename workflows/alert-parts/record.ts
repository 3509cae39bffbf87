import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import type { CrisisActivities } from '../../activities/crisis/contract.ts';
import { RECORD } from '../activity-options.ts';
import { type Desk, adopt, markOf, show } from './desk.ts';

const { recordAlert, recordLate } = proxyActivities<CrisisActivities>(RECORD);

/** A caller waits so long until what they did is on record; it is done in any case, ms. */
const RECORDED_WITHIN_MS = 2_500;
const AGAIN_MS = 5_000;

/**
 * Writes the alert's course down as it goes, one step after another, each as far as it has come by
 * then. With PostgreSQL away a step is tried until it is there, and nothing else waits for it.
 */
export function keepRecord(desk: Desk): CancellationScope {
  const scope = new CancellationScope();
  void scope
    .run(() => keepOn(desk))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  return scope;
}

async function keepOn(desk: Desk): Promise<void> {
  for (;;) {
    await condition(() => hasNews(desk));
    try {
      if (desk.untold.length > 0) await recordReports(desk);
      else await recordStep(desk);
    } catch (error) {
      if (isCancellation(error)) throw error;
      // Whatever keeps it from being written down must not keep anybody from being paged.
      log.error('an alert could not be recorded', { alertId: desk.alertId });
      await sleep(AGAIN_MS, { summary: 'the record is tried again' });
    }
    if (desk.joinedTo !== null) return;
  }
}

function hasNews({ version, base, news, pages, untold, mustLook }: Desk): boolean {
  return version > base || news.length > 0 || pages.length > 0 || untold.length > 0 || mustLook;
}

export function isSettled(desk: Desk): boolean {
  return desk.joinedTo !== null || !hasNews(desk);
}

async function recordReports(desk: Desk): Promise<void> {
  const { alertId, clinicId, personId, isDrill } = desk;
  const reports = [...desk.untold];
  const late = { alertId, clinicId: clinicId!, personId, isDrill, reports };
  const outcome = await recordLate(late);
  desk.untold = desk.untold.filter((report) => !reports.includes(report));
  if (outcome.alertId === alertId) desk.number = outcome.number;
  else desk.joinedTo = outcome.alertId;
  show(desk);
}

async function recordStep(desk: Desk): Promise<void> {
  // A line alone is a step as well: what is written under a version never changes.
  if (desk.version === desk.base) desk.version += 1;
  const { alertId, base, version } = desk;
  const [news, pages] = [[...desk.news], [...desk.pages]];
  desk.mustLook = false;
  const step = { alertId, base, version, mark: markOf(desk), state: desk.state!, news, pages };
  const outcome = await recordAlert(step);
  if (outcome.kind === 'conflict') return adopt(desk, outcome.version, outcome.state);
  desk.base = version;
  desk.news = desk.news.filter((line) => !news.includes(line));
  desk.pages = desk.pages.filter((page) => !pages.includes(page));
}

/** Waits until a step is on record, or not: false when it took too long. */
export async function untilRecorded(desk: Desk, version: number, adoptions: number) {
  const isDone = (): boolean => desk.base >= version || desk.adoptions !== adoptions;
  return condition(isDone, RECORDED_WITHIN_MS, { summary: 'the record answers' });
}
