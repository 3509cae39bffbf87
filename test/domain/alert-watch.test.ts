import { expect, test } from '@jest/globals';
import { advanceAlert, openAlert } from '../../domain/alert.ts';
import type { AlertState } from '../../domain/alert-events.ts';
import { WATCH_TIMES, neglectOf } from '../../domain/alert-watch.ts';
import type { WatchedAlert } from '../../domain/alert-watch.ts';
import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';

const reach = { someone: ['socket'] } as const;
const teams = { crisis_team: ['someone'], counselors: [], admins: [] };
const context = { policies: DEFAULT_POLICIES, view: { shifts: {}, teams, reach } };
const START = 1_000_000;
const WAIT_MS = DEFAULT_POLICIES.critical.steps[0]!.waitMs;
const paged = advanceAlert(
  context,
  openAlert(DEFAULT_POLICIES, 'critical', START),
  { kind: 'tick' },
  START,
).state;
const held = advanceAlert(context, paged, { kind: 'acknowledge', by: 'someone' }, START).state;

const alert = (changes: Partial<WatchedAlert> = {}): WatchedAlert => ({
  status: 'paging',
  severity: 'critical',
  createdAtMs: START,
  lastPageAtMs: null,
  state: null,
  audit: null,
  ...changes,
});
const pagedOnce = { lastPageAtMs: START, state: paged as AlertState };
const ours = { rounds: 1, pagedAtMs: START + 60_000, nextDueAtMs: START + 105_000 };
const heldAlert = { ...pagedOnce, status: 'held', state: held as AlertState } as const;
const { firstPageMs, slackMs, leaseSlackMs } = WATCH_TIMES;
const { leaseMs } = DEFAULT_POLICIES.critical;

test.each<[string, Partial<WatchedAlert>, number, string | null]>([
  ['new', {}, firstPageMs - 1, null],
  ['never paged', {}, firstPageMs, 'never_paged'],
  ['decided, but never sent', { state: paged }, firstPageMs, 'never_paged'],
  ['paged, waiting', pagedOnce, WAIT_MS + slackMs - 1, null],
  ['paged, the next is late', pagedOnce, WAIT_MS + slackMs, 'page_late'],
  [
    'paged late by its workflow',
    { ...pagedOnce, lastPageAtMs: START + WAIT_MS },
    WAIT_MS + slackMs - 1,
    null,
  ],
  ['paged by the auditor, waiting', { ...pagedOnce, audit: ours }, 104_999, null],
  ['paged by the auditor, due', { ...pagedOnce, audit: ours }, 105_000, 'page_late'],
  [
    'back with its workflow',
    {
      ...pagedOnce,
      audit: ours,
      lastPageAtMs: START + 100_000,
      state: { ...paged, dueAtMs: START + 145_000 } as AlertState,
    },
    150_000,
    null,
  ],
  ['held, lease just over', heldAlert, leaseMs + leaseSlackMs - 1, null],
  ['held, lease long over', heldAlert, leaseMs + leaseSlackMs, 'lease_over'],
])('%s', (_name, changes, afterMs, expected) => {
  expect(neglectOf(alert(changes), WATCH_TIMES, START + afterMs)).toBe(expected);
});
