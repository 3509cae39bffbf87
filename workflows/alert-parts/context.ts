import { isCancellation, log, proxyLocalActivities } from '@temporalio/workflow';
import type { AlertBeginning, CrisisActivities } from '../../activities/crisis/contract.ts';
import { openAlert } from '../../domain/alert.ts';
import { graver } from '../../domain/escalation-policy.ts';
import { LOOK } from '../activity-options.ts';
import type { AlertInput } from '../messages/crisis-alert.ts';
import { type Desk, advance, show } from './desk.ts';

const { beginAlert } = proxyLocalActivities<CrisisActivities>(LOOK);
/** What is known already does until it can be read again. */
const { readContext } = proxyLocalActivities<CrisisActivities>({
  ...LOOK,
  scheduleToCloseTimeout: '3 seconds',
});

/** Shifts are expanded hours ahead; who was on call a moment ago still is, ms. */
const FRESH_MS = 5_000;

/** Pages for the first time: for a new alert at once, else by who can be paged and how it stands. */
export async function begin(desk: Desk, { first, known = null }: AlertInput): Promise<void> {
  const begun = known === null ? await look(desk) : { known, record: null };
  const { record } = begun;
  const nowMs = Date.now();
  Object.assign(desk, { known: begun.known, knownAtMs: nowMs });
  const severity = graver(first.severity, record?.severity ?? null);
  const recorded = record?.state ?? null;
  desk.state = recorded ?? openAlert(begun.known.context.policies, severity, nowMs);
  show(desk);
  // Whoever ended an earlier run by hand has not ended the alert.
  if (recorded !== null && recorded.kind !== 'resolved') {
    advance(desk, { kind: 'trigger', severity });
  }
  advance(desk, { kind: 'tick' });
}

async function look(desk: Desk): Promise<Pick<AlertBeginning, 'known' | 'record'>> {
  const { alertId, clinicId: given, personId } = desk;
  const { clinicId, known, record } = await beginAlert({ alertId, clinicId: given, personId });
  desk.clinicId = clinicId;
  if (record !== null) {
    desk.number = record.number;
    desk.version = desk.base = record.version;
    desk.untold = [];
  }
  return { known, record };
}

/** Reads again who can be paged, unless that was done just now. */
export async function refreshContext(desk: Desk): Promise<void> {
  const { clinicId, personId, known } = desk;
  if (clinicId === null || known === null || Date.now() - desk.knownAtMs < FRESH_MS) return;
  try {
    const read = await readContext({ clinicId, personId, digest: known.digest });
    desk.knownAtMs = Date.now();
    if (read !== null) desk.known = read;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the last known people on call are paged', { alertId: desk.alertId });
  }
}
