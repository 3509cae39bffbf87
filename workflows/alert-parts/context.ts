import { isCancellation, log, proxyLocalActivities } from '@temporalio/workflow';
import type { CrisisActivities } from '../../activities/crisis/contract.ts';
import { openAlert } from '../../domain/alert.ts';
import { severityRank } from '../../domain/escalation-policy.ts';
import { LOOK } from '../activity-options.ts';
import type { RaiseRequest } from '../messages/crisis-alert.ts';
import { type Desk, advance, show } from './desk.ts';

const { beginAlert } = proxyLocalActivities<CrisisActivities>(LOOK);
/** What is known already does until it can be read again. */
const { readContext } = proxyLocalActivities<CrisisActivities>({
  ...LOOK,
  scheduleToCloseTimeout: '3 seconds',
});

/** Shifts are expanded hours ahead; who was on call a moment ago still is, ms. */
const FRESH_MS = 5_000;

/** Looks who can be paged and how the alert stands, and pages for the first time. */
export async function begin(desk: Desk, first: RaiseRequest): Promise<void> {
  const { alertId, personId } = desk;
  const begun = await beginAlert({ alertId, clinicId: desk.clinicId, personId });
  const { clinicId, known, record } = begun;
  const nowMs = Date.now();
  Object.assign(desk, { clinicId, known, knownAtMs: nowMs });
  if (record !== null) {
    desk.number = record.number;
    desk.version = desk.base = record.version;
    desk.untold = [];
  }
  const severity = [first.severity, record?.severity ?? first.severity].toSorted(
    (one, other) => severityRank(other) - severityRank(one),
  )[0]!;
  const recorded = record?.state ?? null;
  desk.state = recorded ?? openAlert(known.context.policies, severity, nowMs);
  show(desk);
  // Whoever ended an earlier run by hand has not ended the alert.
  if (recorded !== null && recorded.kind !== 'resolved') {
    advance(desk, { kind: 'trigger', severity });
  }
  advance(desk, { kind: 'tick' });
}

/** Reads again who can be paged, unless that was done just now. */
export async function refreshContext(desk: Desk): Promise<void> {
  const { clinicId, known } = desk;
  if (clinicId === null || known === null || Date.now() - desk.knownAtMs < FRESH_MS) return;
  try {
    const read = await readContext({ clinicId, digest: known.digest });
    desk.knownAtMs = Date.now();
    if (read !== null) desk.known = read;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the last known people on call are paged', { alertId: desk.alertId });
  }
}
