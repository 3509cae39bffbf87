import type {
  AlertSeverity,
  EscalationPolicies,
  EscalationPolicy,
  EscalationStep,
  PageChannel,
  PageTarget,
  PageTeam,
} from './escalation-policy.ts';
import { containsInstant } from './intervals.ts';
import type { Shift } from './rosters.ts';

/** Who can be paged how, as a clinic's data said a moment ago. Shifts are instants: no zones here. */
export interface OnCallView {
  readonly shifts: Readonly<
    Record<string, readonly Pick<Shift, 'personId' | 'startMs' | 'endMs'>[]>
  >;
  readonly teams: Readonly<Record<PageTeam, readonly string[]>>;
  /** Channels by which each person can be reached; whoever is missing has none. */
  readonly reach: Readonly<Record<string, readonly PageChannel[]>>;
}

export interface EscalationContext {
  readonly policies: EscalationPolicies;
  readonly view: OnCallView;
}

/** Rules that alerts of before do not know: who was told of one by the old rules must not be told otherwise. */
export type AlertRule =
  /** Before, a last step that was refused as a whole was paged again and again alone. */
  | 'refused-step-widens'
  /** Before, whoever had an alert was told of each further report of it. */
  | 'holder-told-sparingly'
  /** Before, whoever was in contact was reminded for ever. */
  | 'silent-contact-reopens';

/** What decides the next pages of one alert. */
export interface PagingContext extends EscalationContext {
  /** Whether a rule holds for this alert, asked when it matters; all do by default. */
  readonly holds?: (rule: AlertRule) => boolean;
}

export interface PageOrder {
  readonly personId: string;
  readonly channel: PageChannel;
}

/** Somebody who should have been paged and could not be. It is recorded, and the chain goes on. */
export type Skipped =
  | { readonly reason: 'unreachable'; readonly tier: number; readonly personId: string }
  | { readonly reason: 'nobody_on'; readonly tier: number; readonly target: PageTarget };

/** The next pages of an alert that nobody has acknowledged. */
export type PageDecision =
  | { readonly kind: 'wait'; readonly untilMs: number }
  | {
      readonly kind: 'page';
      readonly tier: number;
      readonly pages: readonly PageOrder[];
      readonly skipped: readonly Skipped[];
      /**
       * No step reaches anybody, or every page of the last one was refused: everybody who can be
       * paged is, if there is anyone.
       */
      readonly isLastResort: boolean;
      /** When, without an answer, the next pages are due. */
      readonly nextDueAtMs: number;
      readonly nextTier: number;
    };

export interface PagingPosition {
  readonly severity: AlertSeverity;
  /** The step that is due next. */
  readonly tier: number;
  readonly dueAtMs: number;
  /** It is the last step again, and every one of its pages was refused. */
  readonly isRefused?: boolean;
}

/**
 * Nobody is paged for their own alert: whoever calls for help without a word may have others beside
 * them who would hear it. They are passed over as somebody who can't be reached is.
 */
export function pagingOthers(context: EscalationContext, personId: string): EscalationContext {
  const { [personId]: _own, ...reach } = context.view.reach;
  return { ...context, view: { ...context.view, reach } };
}

/** Two rounds of pages lie at least so far apart where nobody can be reached. */
export const SHORTEST_ROUND_MS = 15_000;

/**
 * What to do for an alert without an acknowledgement. There is always a next time: after the last
 * step the last step is due again, for ever. Steps that reach nobody are passed over at once.
 */
export function nextPage(
  { policies, view, holds }: PagingContext,
  position: PagingPosition,
  nowMs: number,
): PageDecision {
  if (nowMs < position.dueAtMs) return { kind: 'wait', untilMs: position.dueAtMs };
  const policy = policies[position.severity];
  const skipped: Skipped[] = [];
  for (let tier = clampTier(policy, position.tier); tier < policy.steps.length; tier += 1) {
    const step = policy.steps[tier]!;
    const pages = pagesOf(step, tier, view, nowMs, skipped);
    if (pages.length === 0) continue;
    const nextDueAtMs = nowMs + step.waitMs;
    if (position.isRefused === true && (holds?.('refused-step-widens') ?? true)) {
      return lastResort(policy, view, skipped, nextDueAtMs);
    }
    const nextTier = clampTier(policy, tier + 1);
    return { kind: 'page', tier, pages, skipped, isLastResort: false, nextDueAtMs, nextTier };
  }
  return lastResort(policy, view, skipped, nowMs + shortestWaitMs(policy, policy.steps.length));
}

/** The highest step is gone round at: one up from there is there. */
export function clampTier({ steps }: EscalationPolicy, tier: number): number {
  return Math.max(0, Math.min(tier, steps.length - 1));
}

/** The pause before a step that failed at once is paged again: short, and never a busy loop. */
export function shortestWaitMs(policy: EscalationPolicy, tier: number): number {
  const waitMs = policy.steps[clampTier(policy, tier)]?.waitMs ?? SHORTEST_ROUND_MS;
  return Math.min(waitMs, SHORTEST_ROUND_MS);
}

function lastResort(
  policy: EscalationPolicy,
  view: OnCallView,
  skipped: readonly Skipped[],
  nextDueAtMs: number,
): PageDecision {
  const tier = clampTier(policy, policy.steps.length);
  const pages = Object.entries(view.reach).flatMap(([personId, channels]) =>
    channels.map((channel) => ({ personId, channel })),
  );
  const isLastResort = true;
  return { kind: 'page', tier, pages, skipped, isLastResort, nextDueAtMs, nextTier: tier };
}

function pagesOf(
  step: EscalationStep,
  tier: number,
  view: OnCallView,
  nowMs: number,
  skipped: Skipped[],
): PageOrder[] {
  const people = new Set<string>();
  for (const target of step.targets) {
    const found = peopleOf(target, view, nowMs);
    if (found.length === 0) skipped.push({ reason: 'nobody_on', tier, target });
    for (const personId of found) people.add(personId);
  }
  return [...people].flatMap((personId) => {
    const channels = step.channels.filter((channel) => view.reach[personId]?.includes(channel));
    if (channels.length === 0) skipped.push({ reason: 'unreachable', tier, personId });
    return channels.map((channel) => ({ personId, channel }));
  });
}

function peopleOf(target: PageTarget, view: OnCallView, nowMs: number): readonly string[] {
  switch (target.kind) {
    case 'person':
      return [target.personId];
    case 'team':
      return view.teams[target.team];
    case 'roster': {
      const shifts = view.shifts[target.rosterId] ?? [];
      return shifts.filter((shift) => containsInstant(shift, nowMs)).map((shift) => shift.personId);
    }
  }
}
