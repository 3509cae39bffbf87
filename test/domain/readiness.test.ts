import { expect, test } from '@jest/globals';
import { DEFAULT_POLICIES, defaultPolicies } from '../../domain/escalation-policy.ts';
import { identityOf, isReady, readinessOf } from '../../domain/readiness.ts';
import type { ReadinessFacts } from '../../domain/readiness.ts';

const NOW = Date.parse('2031-03-01T12:00:00Z');
const DAY_MS = 86_400_000;
const rotation = {
  people: ['ann'],
  shiftMinutes: 1_440,
  handOverMinute: 720,
  zone: 'UTC',
  startsOn: '2031-01-01',
  endsOn: null,
};
const all = ['socket', 'sms', 'voice'] as const;
const well: ReadinessFacts = {
  context: {
    policies: defaultPolicies(['nights']),
    view: {
      shifts: { nights: [{ personId: 'ann', startMs: NOW, endMs: NOW + DAY_MS }] },
      teams: { crisis_team: ['ann'], counselors: ['ann'], admins: ['ben'] },
      reach: { ann: all, ben: all },
    },
  },
  rosters: [{ id: 'nights', name: 'Nights', roster: { rotations: [rotation], overrides: [] } }],
  resources: [],
  lastDrill: { id: 'd', startedAtMs: NOW - DAY_MS, isRunning: false, acknowledgedAtMs: NOW - 1 },
  heardOfMs: { auditor: NOW - 1_000, worker: NOW - 1_000 },
  refusing: [],
  isSandbox: false,
};

const codes = (changes: Partial<ReadinessFacts>): string[] =>
  readinessOf({ ...well, ...changes }, NOW).map(
    ({ severity, code, subject }) => `${severity} ${code} ${subject.id}`,
  );
const view = (changes: Partial<ReadinessFacts['context']['view']>): Partial<ReadinessFacts> => ({
  context: { ...well.context, view: { ...well.context.view, ...changes } },
});
const roster = (changes: Partial<typeof rotation>[]): Partial<ReadinessFacts> => ({
  rosters: [
    {
      id: 'nights',
      name: 'Nights',
      roster: { rotations: changes.map((change) => ({ ...rotation, ...change })), overrides: [] },
    },
  ],
});

test('nothing stands in the way where all is well', () => {
  expect(codes({})).toEqual([]);
});

test.each<[string, Partial<ReadinessFacts>, string[]]>([
  [
    'a worker that is gone',
    { heardOfMs: { auditor: NOW, worker: NOW - 60_000 } },
    ['critical part_silent worker'],
  ],
  [
    'an auditor that never was',
    { heardOfMs: { auditor: null, worker: NOW } },
    ['critical part_silent auditor'],
  ],
  [
    'a roster that begins tomorrow',
    roster([{ startsOn: '2031-03-02' }]),
    ['critical roster_gap nights'],
  ],
  [
    'a roster that ends within two weeks',
    roster([{ endsOn: '2031-03-10' } as object]),
    ['warning roster_gap nights'],
  ],
  ['a roster that ends later', roster([{ endsOn: '2031-04-10' } as object]), []],
  [
    'somebody on a roster who is gone',
    roster([{ people: ['ann', 'zoe'] }]),
    ['critical person_unpageable zoe'],
  ],
  [
    'a phone that nobody has verified',
    view({ reach: { ann: ['socket'], ben: all } }),
    ['warning phone_unverified ann'],
  ],
  [
    'a step without anybody',
    view({ teams: { crisis_team: ['ann'], counselors: [], admins: ['ben'] } }),
    ['low/3', 'medium/3', 'high/3', 'critical/3'].map(
      (step) => `warning step_reaches_nobody ${step}`,
    ),
  ],
  [
    'nobody at all',
    {
      ...view({ shifts: {}, teams: { crisis_team: [], counselors: [], admins: [] } }),
      rosters: [],
    },
    ['low', 'medium', 'high', 'critical'].map((id) => `critical policy_reaches_nobody ${id}`),
  ],
  ['no drill ever', { lastDrill: null }, ['warning no_drill ']],
  [
    'a drill of long ago',
    { lastDrill: { ...well.lastDrill!, startedAtMs: NOW - 31 * DAY_MS } },
    ['warning no_drill d'],
  ],
  [
    'a drill that nobody answered',
    { lastDrill: { ...well.lastDrill!, acknowledgedAtMs: null } },
    ['critical drill_unanswered d'],
  ],
  [
    'a drill under way',
    { lastDrill: { ...well.lastDrill!, acknowledgedAtMs: null, isRunning: true } },
    [],
  ],
  ['an account that is refused', { refusing: ['sms'] }, ['critical provider_refuses sms']],
  ['a sandbox', { isSandbox: true }, ['info provider_is_stand_in sandbox']],
])('%s', (_name, changes, expected) => {
  expect(codes(changes)).toEqual(expected);
  const findings = readinessOf({ ...well, ...changes }, NOW);
  expect(isReady(findings)).toBe(!expected.some((line) => line.startsWith('critical')));
});

test('a roster that no policy asks may have gaps', () => {
  const facts = {
    ...well,
    ...roster([]),
    context: { ...well.context, policies: DEFAULT_POLICIES },
  };
  expect(readinessOf(facts, NOW)).toEqual([]);
});

test('a gap is the same one each hour, and another one once it has begun', () => {
  const gapAt = (nowMs: number): string[] =>
    readinessOf({ ...well, ...roster([{ endsOn: '2031-03-10' } as object]) }, nowMs)
      .filter(({ code }) => code === 'roster_gap')
      .map((finding) => identityOf(finding, nowMs));
  expect(gapAt(NOW)).toEqual(['roster_gap:nights:from-2031-03-10T12:00']);
  expect(gapAt(NOW + 3_600_000)).toEqual(gapAt(NOW));
  const begun = NOW + 10 * DAY_MS;
  expect(gapAt(begun)).toEqual(['roster_gap:nights:to-2031-03']);
  expect(gapAt(begun + 3_600_000)).toEqual(gapAt(begun));
});
