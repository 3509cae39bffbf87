import fc from 'fast-check';
import { advanceAlert, nextWakeMs, openAlert } from '../../../domain/alert.ts';
import type { AlertEffect, AlertEvent, AlertState } from '../../../domain/alert-events.ts';
import { ALERT_SEVERITIES, PAGE_CHANNELS } from '../../../domain/escalation-policy.ts';
import type { EscalationPolicy } from '../../../domain/escalation-policy.ts';
import type { EscalationContext, OnCallView } from '../../../domain/escalation.ts';

const PEOPLE = ['ann', 'bob', 'cem', 'dee'];
export const NOW = Date.UTC(2026, 2, 8, 6, 30);
export const SECOND = 1_000;

export const personArbitrary = fc.constantFrom(...PEOPLE);
const severityArbitrary = fc.constantFrom(...ALERT_SEVERITIES);
const channelsArbitrary = fc.uniqueArray(fc.constantFrom(...PAGE_CHANNELS), { minLength: 1 });

const targetArbitrary = fc.oneof(
  personArbitrary.map((personId) => ({ kind: 'person' as const, personId })),
  fc.constantFrom('days', 'nights').map((rosterId) => ({ kind: 'roster' as const, rosterId })),
  fc.constantFrom('crisis_team', 'admins').map((team) => ({ kind: 'team' as const, team })),
);

const policyArbitrary: fc.Arbitrary<EscalationPolicy> = fc.record({
  steps: fc.array(
    fc.record({
      targets: fc.array(targetArbitrary, { minLength: 1, maxLength: 3 }),
      channels: channelsArbitrary,
      waitMs: fc.integer({ min: 5 * SECOND, max: 300 * SECOND }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  leaseMs: fc.integer({ min: 30 * SECOND, max: 900 * SECOND }),
  contactReminderMs: fc.integer({ min: 60 * SECOND, max: 900 * SECOND }),
  tellAfterMs: fc.integer({ min: 10 * SECOND, max: 90 * SECOND }),
  tellEveryMs: fc.integer({ min: 10 * SECOND, max: 90 * SECOND }),
  followUpAfterMs: fc.option(fc.constant(86_400 * SECOND)),
});

const shiftArbitrary = fc.record({
  personId: personArbitrary,
  startMs: fc.integer({ min: NOW - 3_600_000, max: NOW + 600_000 }),
  endMs: fc.integer({ min: NOW, max: NOW + 3_600_000 }),
});

const viewArbitrary: fc.Arbitrary<OnCallView> = fc.record({
  shifts: fc.record({ days: fc.array(shiftArbitrary, { maxLength: 3 }), nights: fc.constant([]) }),
  teams: fc.record({
    crisis_team: fc.uniqueArray(personArbitrary, { maxLength: 2 }),
    counselors: fc.constant([]),
    admins: fc.uniqueArray(personArbitrary, { maxLength: 2 }),
  }),
  reach: fc.dictionary(personArbitrary, channelsArbitrary),
});

export const contextArbitrary: fc.Arbitrary<EscalationContext> = fc.record({
  policies: fc.record({
    low: policyArbitrary,
    medium: policyArbitrary,
    high: policyArbitrary,
    critical: policyArbitrary,
  }),
  view: viewArbitrary,
});

export const eventArbitrary: fc.Arbitrary<AlertEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'tick' as const }) },
  severityArbitrary.map((severity) => ({ kind: 'trigger' as const, severity })),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('page_result' as const),
      batch: fc.integer({ min: 1, max: 6 }),
      page: fc.record({ personId: personArbitrary, channel: fc.constantFrom(...PAGE_CHANNELS) }),
      result: fc.constantFrom('failed' as const, 'unanswered' as const),
    }),
  },
  fc.record({
    kind: fc.constantFrom('acknowledge', 'sign', 'contact', 'release'),
    by: personArbitrary,
  }),
);

export const resolveArbitrary: fc.Arbitrary<AlertEvent> = fc.record({
  kind: fc.constant('resolve' as const),
  by: personArbitrary,
  outcome: fc.constantFrom('safe', 'nonsense', null),
});

export const storyArbitrary = (
  event: fc.Arbitrary<AlertEvent>,
): fc.Arbitrary<readonly Happening[]> =>
  fc.array(fc.record({ event, afterMs: fc.integer({ min: 0, max: 400 * SECOND }) }), {
    minLength: 1,
    maxLength: 40,
  });

export interface Happening {
  readonly event: AlertEvent;
  readonly afterMs: number;
}

export interface Moment {
  readonly before: AlertState;
  readonly state: AlertState;
  readonly event: AlertEvent;
  readonly effects: readonly AlertEffect[];
  readonly refusal: string | null;
  readonly nowMs: number;
}

/** Plays a story, waking the alert whenever it is due in between, as its workflow does. */
export function play(
  context: EscalationContext,
  story: readonly Happening[],
  check: (moment: Moment) => void,
): AlertState {
  let state: AlertState = openAlert(context.policies, 'medium', NOW);
  let nowMs = NOW;
  const take = (event: AlertEvent): void => {
    const before = state;
    const step = advanceAlert(context, state, event, nowMs);
    state = step.state;
    check({ ...step, before, event, nowMs, refusal: step.refusal?.reason ?? null });
  };
  take({ kind: 'tick' });
  for (const { event, afterMs } of story) {
    const untilMs = nowMs + afterMs;
    for (let at = nextWakeMs(state); at !== null && at < untilMs; at = nextWakeMs(state)) {
      nowMs = at;
      take({ kind: 'tick' });
    }
    nowMs = untilMs;
    take(event);
  }
  return state;
}
