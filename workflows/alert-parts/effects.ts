import {
  CancellationScope,
  isCancellation,
  log,
  patched,
  proxyActivities,
} from '@temporalio/workflow';
import type { CrisisActivities, PageSent } from '../../activities/crisis/contract.ts';
import type { AlertEffect } from '../../domain/alert-events.ts';
import { assertNever } from '../../domain/assert-never.ts';
import type { PageOrder, Skipped } from '../../domain/escalation.ts';
import { PAGE, PAGE_TO_ITS_END, RECORD, TELL } from '../activity-options.ts';
import { type Desk, advance, note } from './desk.ts';

const pages = proxyActivities<CrisisActivities>(PAGE_TO_ITS_END);
const forgottenPages = proxyActivities<CrisisActivities>(PAGE);
const { tellHolder } = proxyActivities<CrisisActivities>(TELL);
const { stopPages, tellPerson } = proxyActivities<CrisisActivities>({
  ...RECORD,
  retry: { ...RECORD.retry, maximumAttempts: 5 },
});

/** Sets going what follows from a step; nothing here is waited for. */
export function perform(desk: Desk, effects: readonly AlertEffect[]): void {
  for (const effect of effects) performOne(desk, effect);
}

function performOne(desk: Desk, effect: AlertEffect): void {
  const { alertId, personId, number } = desk;
  switch (effect.kind) {
    case 'page':
      return pageAll(desk, effect);
    case 'stop_pages':
      return stop(desk);
    case 'reopened':
      return note(desk, 'reopened', undefined, { because: effect.because, from: effect.from });
    case 'tell_person':
      note(desk, 'person_told');
      return inBackground('tellPerson', () => tellPerson({ alertId, personId }));
    case 'tell_holder': {
      const { holderId, because } = effect;
      note(desk, 'holder_told', undefined, { holderId, because });
      return inBackground('tellHolder', () => tellHolder({ alertId, holderId, number, because }));
    }
    case 'follow_up':
      // The course itself waits for it.
      return;
    default:
      assertNever(effect);
  }
}

type PageEffect = Extract<AlertEffect, { kind: 'page' }>;

function pageAll(desk: Desk, { batch, tier, pages, skipped, isLastResort }: PageEffect): void {
  note(desk, 'paged', undefined, { batch, tier, pages: pages.length, isLastResort });
  for (const each of skipped) note(desk, 'page_skipped', undefined, skippedData(each));
  for (const order of pages) {
    desk.inFlight += 1;
    void desk.paging
      .run(() => page(desk, { batch, tier, order }))
      .catch((error: unknown) => lose(desk, batch, order, error))
      .finally(() => (desk.inFlight -= 1));
  }
}

function skippedData(skipped: Skipped): Record<string, string | number> {
  const { reason, tier } = skipped;
  if (skipped.reason === 'unreachable') return { reason, tier, personId: skipped.personId };
  const { target } = skipped;
  const id = target.kind === 'team' ? target.team : idOf(target);
  return { reason, tier, target: target.kind, id };
}

function idOf(target: { kind: 'person'; personId: string } | { kind: 'roster'; rosterId: string }) {
  return target.kind === 'person' ? target.personId : target.rosterId;
}

/** Before, what became of a page that was on its way when somebody took the alert was not heard. */
const PAGES_TO_THEIR_END = 'pages-to-their-end';

interface Page {
  readonly batch: number;
  readonly tier: number;
  readonly order: PageOrder;
}

async function page(desk: Desk, { batch, tier, order }: Page): Promise<void> {
  const { alertId, clinicId, number, isDrill } = desk;
  const { sendPage } = patched(PAGES_TO_THEIR_END) ? pages : forgottenPages;
  const sent = await sendPage({
    alertId,
    clinicId: clinicId ?? '',
    number,
    isDrill,
    batch,
    tier,
    ...order,
  });
  if (sent.kind === 'failed') settle(desk, batch, order);
  else remember(desk, { batch, tier, order }, sent);
}

function remember(
  desk: Desk,
  { batch, tier, order }: Page,
  { providerId, isRecorded }: Extract<PageSent, { kind: 'sent' }>,
): void {
  if (!isRecorded) desk.pages.push({ batch, tier, ...order, providerId });
  if (order.channel !== 'voice' || providerId === null) return;
  desk.calls.add(providerId);
  // It was on its way when somebody took the alert.
  if (desk.state?.kind !== 'paging') hangUp(desk);
}

function lose(desk: Desk, batch: number, order: PageOrder, error: unknown): void {
  if (isCancellation(error)) return;
  log.warn('a page was given up', { batch, channel: order.channel });
  settle(desk, batch, order);
}

function settle(desk: Desk, batch: number, order: PageOrder): void {
  advance(desk, { kind: 'page_result', batch, page: order, result: 'failed' });
}

/** Pages that wait for their turn never begin; what rings is hung up. */
function stop(desk: Desk): void {
  desk.paging.cancel();
  desk.paging = new CancellationScope();
  hangUp(desk);
}

function hangUp(desk: Desk): void {
  const calls = [...desk.calls];
  desk.calls.clear();
  inBackground('stopPages', () => stopPages({ alertId: desk.alertId, calls }));
}

/** What no one waits for, and whose failure must not keep the alert from going on. */
export function inBackground(name: string, work: () => Promise<unknown>): void {
  void CancellationScope.nonCancellable(work).catch(() => log.warn('given up', { name }));
}
