import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { advanceAlert, openAlert } from '../../domain/alert.ts';
import type { KnownContext, PageJob } from './contract.ts';
import type { CrisisDeps } from './deps.ts';
import { BEFORE_ANY_ATTEMPT, sendPage } from './paging.ts';

export type FirstPageDeps = Pick<CrisisDeps, 'knex' | 'keyRing' | 'sms' | 'publicUrl'>;

/**
 * Sends the first pages of an alert that has just been written down, while its workflow begins:
 * nobody in need waits for a queue. The workflow decides the same and finds each page on record. It
 * sends what is missing there, so that whatever fails here is left to it. Rejects with the first
 * failure, after all of them have been tried.
 */
export async function sendFirstPages(
  deps: FirstPageDeps,
  raised: RaisedAlert,
  { context }: KnownContext,
): Promise<void> {
  const nowMs = Date.now();
  const opened = openAlert(context.policies, raised.severity, nowMs);
  const { effects } = advanceAlert(context, opened, { kind: 'tick' }, nowMs);
  const jobs = effects.flatMap((effect) =>
    effect.kind === 'page'
      ? effect.pages.map((order) => ({ ...jobOf(raised, effect), ...order }))
      : [],
  );
  const sent = await Promise.allSettled(
    jobs.map((job) =>
      sendPage(
        { ...deps, knowledge: RECORD_ALONE },
        { ...job, sentBy: 'workflow' },
        BEFORE_ANY_ATTEMPT,
      ),
    ),
  );
  const failed = sent.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function jobOf(
  { alertId, clinicId, number, isDrill }: RaisedAlert,
  { batch, tier }: { readonly batch: number; readonly tier: number },
): Omit<PageJob, 'personId' | 'channel'> {
  return { alertId, clinicId, number, isDrill, batch, tier };
}

/** Without the record nobody can tell who sends a page: then it is the workflow's. */
const RECORD_ALONE = {
  ask: <T>(question: () => Promise<T>): Promise<T> => question(),
  phoneOf: () => null,
};
