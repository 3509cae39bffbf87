import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { advanceAlert, nextWakeMs, openAlert } from '../../domain/alert.ts';
import type { AlertEffect, AlertEvent, AlertState } from '../../domain/alert-events.ts';
import { ALERT_SEVERITIES, DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import type {
  EscalationPolicies,
  EscalationPolicy,
  PageChannel,
} from '../../domain/escalation-policy.ts';
import { type EscalationContext, type OnCallView, pagingOthers } from '../../domain/escalation.ts';
import {
  NOW,
  SECOND,
  contextArbitrary,
  eventArbitrary,
  personArbitrary,
  play,
  resolveArbitrary,
  storyArbitrary,
} from './support/alerts.ts';

type PageEffect = Extract<AlertEffect, { kind: 'page' }>;

const longestWaitMs = ({ policies }: EscalationContext, { severity }: AlertState): number =>
  Math.max(...policies[severity].steps.map(({ waitMs }) => waitMs));

function pagesIn(effects: readonly AlertEffect[]): PageEffect[] {
  return effects.filter((effect): effect is PageEffect => effect.kind === 'page');
}

describe('an alert', () => {
  const anyEvent = fc.oneof({ weight: 10, arbitrary: eventArbitrary }, resolveArbitrary);

  test('has a next page within its policy’s wait as long as nobody has acknowledged it', () => {
    fc.assert(
      fc.property(contextArbitrary, storyArbitrary(eventArbitrary), (context, story) => {
        play(context, story, ({ state, nowMs }) => {
          const wakeMs = nextWakeMs(state);
          expect(wakeMs).toBeGreaterThan(nowMs);
          if (state.kind !== 'paging') return;
          expect(state.dueAtMs).toBeGreaterThan(nowMs);
          expect(state.dueAtMs).toBeLessThanOrEqual(nowMs + longestWaitMs(context, state));
        });
      }),
    );
  });

  test('pages nobody while somebody has it, and has one holder at a time', () => {
    fc.assert(
      fc.property(contextArbitrary, storyArbitrary(anyEvent), (context, story) => {
        play(context, story, ({ before, state, event, effects, refusal }) => {
          const isTaken = state.kind === 'held' || state.kind === 'in_contact';
          if (isTaken) expect(pagesIn(effects)).toEqual([]);
          if (before.kind === 'held' || before.kind === 'in_contact') {
            if (isTaken) expect(state.holderId).toBe(before.holderId);
            else if (state.kind === 'paging') {
              expect(effects.some(({ kind }) => kind === 'reopened')).toBe(true);
            }
          }
          if (event.kind !== 'acknowledge' || refusal !== null) return;
          const holder = before.kind === 'paging' || before.kind === 'resolved' ? null : before;
          expect(holder?.holderId ?? event.by).toBe(event.by);
        });
      }),
    );
  });

  test('names everybody whom a step means: paged, or skipped and recorded', () => {
    fc.assert(
      fc.property(contextArbitrary, storyArbitrary(eventArbitrary), (context, story) => {
        play(context, story, ({ effects, nowMs }) => {
          for (const { severity, tier, pages, skipped, isLastResort } of pagesIn(effects)) {
            const paged = new Set(pages.map(({ personId }) => personId));
            for (const target of context.policies[severity].steps[tier]!.targets) {
              if (target.kind === 'roster') continue;
              const meant =
                target.kind === 'person' ? [target.personId] : context.view.teams[target.team];
              for (const personId of meant) {
                const isSkipped = skipped.some(
                  (skip) => skip.reason === 'unreachable' && skip.personId === personId,
                );
                expect(isSkipped || paged.has(personId)).toBe(true);
              }
            }
            for (const { personId, channel } of pages) {
              expect(context.view.reach[personId]).toContain(channel);
            }
            const canReachSomebody = Object.keys(context.view.reach).length > 0;
            expect(pages.length > 0).toBe(canReachSomebody);
            if (isLastResort) expect(paged).toEqual(new Set(Object.keys(context.view.reach)));
            expect(nowMs).toBeGreaterThanOrEqual(NOW);
          }
        });
      }),
    );
  });

  test('pages nobody for their own, and everybody else as before', () => {
    const own = fc.tuple(contextArbitrary, personArbitrary);
    fc.assert(
      fc.property(own, storyArbitrary(eventArbitrary), ([everybody, personId], story) => {
        const context = pagingOthers(everybody, personId);
        const others = Object.keys(everybody.view.reach).filter((id) => id !== personId);
        play(context, story, ({ effects }) => {
          for (const { pages } of pagesIn(effects)) {
            expect(pages.map((page) => page.personId)).not.toContain(personId);
            expect(pages.length > 0).toBe(others.length > 0);
          }
        });
      }),
    );
  });

  test('ends for good when it is resolved, and not without an outcome', () => {
    fc.assert(
      fc.property(contextArbitrary, storyArbitrary(anyEvent), (context, story) => {
        play(context, story, ({ before, state, event, effects, refusal }) => {
          if (before.kind === 'resolved') {
            expect({ state, effects }).toEqual({ state: before, effects: [] });
          } else if (event.kind === 'resolve') {
            const isRight = event.outcome === 'safe';
            expect(state.kind === 'resolved').toBe(isRight);
            expect(refusal).toBe(isRight ? null : 'outcome_required');
            expect(isRight ? pagesIn(effects) : []).toEqual([]);
          } else expect(state.kind).not.toBe('resolved');
        });
      }),
    );
  });

  test('is paged for again at once when it turns graver, whoever has it', () => {
    fc.assert(
      fc.property(contextArbitrary, storyArbitrary(anyEvent), (context, story) => {
        play(context, story, ({ before, state, event, effects }) => {
          if (event.kind !== 'trigger' || before.kind === 'resolved') return;
          const rank = (severity: AlertState['severity']): number =>
            ALERT_SEVERITIES.indexOf(severity);
          expect(rank(state.severity)).toBe(Math.max(rank(before.severity), rank(event.severity)));
          if (state.severity !== before.severity) expect(pagesIn(effects)).toHaveLength(1);
        });
      }),
    );
  });
});

const STEP = { channels: ['sms', 'voice'] as const, waitMs: 60 * SECOND };
const POLICY: EscalationPolicy = {
  steps: ['ann', 'bob', 'cem'].map((personId) => ({
    ...STEP,
    targets: [{ kind: 'person', personId }],
  })),
  leaseMs: 180 * SECOND,
  contactReminderMs: 600 * SECOND,
  tellAfterMs: 30 * SECOND,
  tellEveryMs: 45 * SECOND,
  followUpAfterMs: 86_400 * SECOND,
};
const POLICIES: EscalationPolicies = {
  low: POLICY,
  medium: POLICY,
  high: POLICY,
  critical: POLICY,
};

function contextWhere(reach: OnCallView['reach']): EscalationContext {
  const teams = { crisis_team: [], counselors: [], admins: [] };
  return { policies: POLICIES, view: { shifts: {}, teams, reach } };
}

const ALL_REACHABLE = contextWhere({
  ann: ['sms', 'voice'],
  bob: ['sms', 'voice'],
  cem: ['sms', 'voice'],
});

interface Scene {
  state: AlertState;
  nowMs: number;
  /** Whom the event had paged, and which tier that was. */
  do(
    event: AlertEvent,
    atSeconds: number,
  ): { readonly paged: string[]; readonly effects: string[] };
}

function scene(context: EscalationContext = ALL_REACHABLE): Scene {
  const scene: Scene = {
    state: openAlert(context.policies, 'high', NOW),
    nowMs: NOW,
    do: (event, atSeconds) => {
      const step = advanceAlert(context, scene.state, event, NOW + atSeconds * SECOND);
      scene.state = step.state;
      const paged = pagesIn(step.effects).flatMap(({ pages }) => pages.map((p) => p.personId));
      const effects = step.effects.map(({ kind }) => kind);
      return { paged: [...new Set(paged)], effects };
    },
  };
  return scene;
}

const tick: AlertEvent = { kind: 'tick' };
const by = (kind: 'acknowledge' | 'sign' | 'contact' | 'release', person: string): AlertEvent => ({
  kind,
  by: person,
});

describe('pages', () => {
  test('go on through a hundred unanswered rounds at the last step', () => {
    const story = scene();
    let rounds = 0;
    for (let second = 0; rounds < 100; second += 15) {
      const { paged } = story.do(tick, second);
      if (paged.length > 0) rounds += 1;
      if (rounds > 3 && paged.length > 0) expect(paged).toEqual(['cem']);
      expect(second).toBeLessThan(100 * 75);
    }
    expect(JSON.stringify(story.state).length).toBeLessThan(600);
    expect(story.do(by('acknowledge', 'cem'), 9_000).effects).toEqual(['stop_pages']);
    expect(story.do(tick, 9_001).effects).toEqual([]);
  });

  test.each(['failed', 'unanswered'] as const)('move on at once when a call %s', (result) => {
    const story = scene(contextWhere({ ann: ['voice'], bob: ['voice'], cem: ['voice'] }));
    story.do(tick, 0);
    const page = { personId: 'ann', channel: 'voice' as const };
    expect(story.do({ kind: 'page_result', batch: 1, page, result }, 2).paged).toEqual(['bob']);
    expect(story.do({ kind: 'page_result', batch: 1, page, result }, 3).paged).toEqual([]);
  });

  test('wait for the text where only the call failed, not where it rang out', () => {
    const page = { personId: 'ann', channel: 'voice' as const };
    const failed = scene();
    failed.do(tick, 0);
    const result = { kind: 'page_result', batch: 1, page } as const;
    expect(failed.do({ ...result, result: 'failed' }, 2).paged).toEqual([]);
    const rangOut = scene();
    rangOut.do(tick, 0);
    expect(rangOut.do({ ...result, result: 'unanswered' }, 2).paged).toEqual(['bob']);
  });

  test('pass over who can’t be reached, and pause where nobody can', () => {
    const story = scene(contextWhere({ cem: ['sms'] }));
    expect(story.do(tick, 0).paged).toEqual(['cem']);
    const nobody = scene(contextWhere({}));
    nobody.do(tick, 0);
    expect(nextWakeMs(nobody.state)).toBe(NOW + 15 * SECOND);
  });

  test('go to everybody once those of the last step were refused one and all', () => {
    const reach = { cem: ['sms'], dee: ['socket'], eve: ['sms', 'voice'] } as const;
    const story = scene(contextWhere(reach));
    expect(story.do(tick, 0).paged).toEqual(['cem']);
    const refused = (batch: number, personId: string, channel: PageChannel): AlertEvent => ({
      kind: 'page_result',
      batch,
      page: { personId, channel },
      result: 'failed',
    });
    expect(story.do(refused(1, 'cem', 'sms'), 1).effects).toEqual([]);
    expect(story.do(tick, 15).paged).toEqual(['cem', 'dee', 'eve']);
    story.do(refused(2, 'cem', 'sms'), 16);
    // Somebody may still answer: they have the time of the step, and it is tried again after.
    expect(story.do(tick, 74).paged).toEqual([]);
    expect(story.do(tick, 75).paged).toEqual(['cem']);
    story.do(refused(3, 'cem', 'sms'), 76);
    expect(story.do(tick, 90).paged).toEqual(['cem', 'dee', 'eve']);
  });

  test('keep to the last step as long as one of its pages may be heard', () => {
    const story = scene(contextWhere({ cem: ['sms', 'voice'], dee: ['socket'] }));
    story.do(tick, 0);
    const page = { personId: 'cem', channel: 'sms' } as const;
    story.do({ kind: 'page_result', batch: 1, page, result: 'failed' }, 1);
    expect(story.do(tick, 60).paged).toEqual(['cem']);
  });

  test('tell the person, again and again, that nobody has answered', () => {
    const story = scene();
    story.do(tick, 0);
    expect(story.do(tick, 30).effects).toEqual(['tell_person']);
    expect(story.do(tick, 60).effects).toEqual(['page']);
    expect(story.do(tick, 75).effects).toEqual(['tell_person']);
  });
});

describe('an acknowledgement', () => {
  test('is a lease: its end pages one tier up, a sign of its holder puts that off', () => {
    const story = scene();
    story.do(tick, 0);
    story.do(by('acknowledge', 'ann'), 10);
    story.do(by('sign', 'bob'), 100);
    story.do(by('sign', 'ann'), 150);
    expect(story.do(tick, 200).effects).toEqual([]);
    expect(story.do(tick, 330)).toEqual({ paged: ['bob'], effects: ['reopened', 'page'] });
    expect(story.do(by('sign', 'ann'), 340).effects).toEqual(['stop_pages']);
    expect(story.state).toMatchObject({ kind: 'held', holderId: 'ann' });
  });

  test('that was used before its end, though it is heard of after, holds', () => {
    const story = scene();
    story.do(tick, 0);
    story.do(by('acknowledge', 'ann'), 10);
    expect(story.do(by('sign', 'ann'), 400).paged).toEqual([]);
  });

  test('has one winner; contact by another is noted, and stops pages though late', () => {
    const story = scene();
    story.do(tick, 0);
    expect(story.do(by('contact', 'bob'), 70).effects).toEqual(['stop_pages']);
    expect(story.state).toMatchObject({ kind: 'in_contact', holderId: 'bob' });
    const step = advanceAlert(ALL_REACHABLE, story.state, by('acknowledge', 'ann'), NOW);
    expect(step.refusal).toEqual({ reason: 'already_held', holderId: 'bob' });
    expect(story.do(tick, 600).effects).toEqual([]);
    expect(story.do(tick, 670).effects).toEqual(['tell_holder']);
  });

  test('is told of further reports once in some minutes', () => {
    const story = scene();
    story.do(tick, 0);
    story.do(by('contact', 'ann'), 0);
    const again: AlertEvent = { kind: 'trigger', severity: 'high' };
    expect(story.do(again, 10).effects).toEqual(['tell_holder']);
    expect(story.do(again, 20).effects).toEqual([]);
    expect(story.do(again, 309).effects).toEqual([]);
    expect(story.do(again, 310).effects).toEqual(['tell_holder']);
    expect(story.do({ kind: 'trigger', severity: 'critical' }, 320).effects[0]).toBe('reopened');
  });

  test('in contact is open again after three reminders without a sign, and comes back by one', () => {
    const story = scene();
    story.do(tick, 0);
    story.do(by('contact', 'ann'), 0);
    for (const at of [600, 1_200]) expect(story.do(tick, at).effects).toEqual(['tell_holder']);
    story.do(by('sign', 'ann'), 1_300);
    for (const at of [1_900, 2_500, 3_100]) {
      expect(story.do(tick, at).effects).toEqual(['tell_holder']);
    }
    expect(story.do(tick, 3_700)).toEqual({ paged: ['bob'], effects: ['reopened', 'page'] });
    expect(story.do(by('sign', 'ann'), 3_710).effects).toEqual(['stop_pages']);
  });

  test('given back pages the same tier at once, by its holder alone', () => {
    const story = scene();
    story.do(tick, 0);
    story.do(tick, 60);
    story.do(by('acknowledge', 'bob'), 70);
    expect(story.do(by('release', 'ann'), 80).effects).toEqual([]);
    expect(story.do(by('release', 'bob'), 80).paged).toEqual(['bob']);
  });

  test.each([
    ['released', by('release', 'ann')],
    ['raised', { kind: 'trigger', severity: 'critical' } as const],
    ['contact_lost', { kind: 'contact_lost' } as const],
  ])('that has ended otherwise than by its lease (%s) comes back by no mere sign', (_, end) => {
    const story = scene();
    story.do(tick, 0);
    story.do(by('acknowledge', 'ann'), 10);
    expect(story.do(end, 20).effects).toEqual(['reopened', 'page']);
    expect(story.do(by('sign', 'ann'), 30).effects).toEqual([]);
    expect(story.state.kind).toBe('paging');
    expect(story.do(by('acknowledge', 'ann'), 40).effects).toEqual(['stop_pages']);
  });

  test.each([
    { kind: 'trigger', severity: 'critical' } as const,
    { kind: 'contact_lost' } as const,
  ])('whose lease has lapsed before a $kind comes back by no mere sign', (event) => {
    const story = scene();
    story.do(tick, 0);
    story.do(by('acknowledge', 'ann'), 10);
    story.do(tick, 190);
    story.do(event, 200);
    expect(story.do(by('sign', 'ann'), 210).effects).toEqual([]);
    expect(story.state.kind).toBe('paging');
  });
});

test('what holds without any policy widens to everybody within some minutes', () => {
  for (const severity of ALERT_SEVERITIES) {
    const { steps } = DEFAULT_POLICIES[severity];
    expect(steps.at(-1)?.targets).toHaveLength(3);
  }
});
