import type {
  AlertEffect,
  AlertEvent,
  AlertState,
  AlertStep,
  HeldAlert,
  InContactAlert,
  PagingAlert,
} from './alert-events.ts';
import { applyEvent, reopened, stepTo } from './alert-verbs.ts';
import { assertNever } from './assert-never.ts';
import type { AlertSeverity, EscalationPolicies } from './escalation-policy.ts';
import { nextPage } from './escalation.ts';
import type { PagingContext } from './escalation.ts';

/** A new alert: its first pages are due at once, so a `tick` comes next. */
export function openAlert(
  policies: EscalationPolicies,
  severity: AlertSeverity,
  nowMs: number,
): PagingAlert {
  const tellAtMs = nowMs + policies[severity].tellAfterMs;
  const basis = { severity, tier: 0, batch: 0, lastPagedAtMs: null };
  const position = { nextTier: 0, dueAtMs: nowMs, outstanding: [] };
  return { kind: 'paging', ...basis, ...position, tellAtMs, lastHolderId: null };
}

/** When the alert has something to do though nothing happens; null once it is resolved. */
export function nextWakeMs(state: AlertState): number | null {
  switch (state.kind) {
    case 'paging':
      return Math.min(state.dueAtMs, state.tellAtMs);
    case 'held':
      return state.leaseUntilMs;
    case 'in_contact':
      return state.remindAtMs;
    case 'resolved':
      return null;
    default:
      return assertNever(state);
  }
}

/** The one way in which an alert changes: the event first, then whatever is due by now. */
export function advanceAlert(
  context: PagingContext,
  state: AlertState,
  event: AlertEvent,
  nowMs: number,
): AlertStep {
  const step = applyEvent(context, state, event, nowMs);
  const due = whatIsDue(context, step.state, nowMs);
  return {
    state: due.state,
    effects: [...step.effects, ...due.effects],
    refusal: step.refusal,
  };
}

/** What time alone brings about. */
function whatIsDue(context: PagingContext, state: AlertState, nowMs: number): AlertStep {
  const wakeMs = nextWakeMs(state);
  if (wakeMs === null || nowMs < wakeMs) return stepTo(state);
  switch (state.kind) {
    case 'paging':
      return pagesDue(context, state, nowMs);
    case 'held':
      return lapsed(context, state, nowMs);
    case 'in_contact':
      return reminded(context, state, nowMs);
    case 'resolved':
      return stepTo(state);
    default:
      return assertNever(state);
  }
}

function lapsed(
  context: PagingContext,
  state: HeldAlert | InContactAlert,
  nowMs: number,
): AlertStep {
  const lapse = reopened(context, state, state.tier + 1, 'lease_lapsed', nowMs);
  const due = whatIsDue(context, lapse.state, nowMs);
  return stepTo(due.state, ...lapse.effects, ...due.effects);
}

/** So many reminders one after another mean that the holder is not there any more. */
const MOST_REMINDERS = 3;

function reminded(context: PagingContext, state: InContactAlert, nowMs: number): AlertStep {
  const { holderId, severity, reminders = 0 } = state;
  const isSilent = reminders >= MOST_REMINDERS;
  if (isSilent && (context.holds?.('silent-contact-reopens') ?? true)) {
    return lapsed(context, state, nowMs);
  }
  const remindAtMs = nowMs + context.policies[severity].contactReminderMs;
  const next = { ...state, remindAtMs, reminders: reminders + 1 };
  return stepTo(next, { kind: 'tell_holder', holderId, because: 'contact_reminder' });
}

function pagesDue(context: PagingContext, state: PagingAlert, nowMs: number): AlertStep {
  const effects: AlertEffect[] = [];
  let next = state;
  const { severity } = state;
  const position = { ...state, tier: state.nextTier, isRefused: isRefusedAround(state) };
  const decision = nextPage(context, position, nowMs);
  if (decision.kind === 'page') {
    const { nextDueAtMs: dueAtMs, nextTier, tier, pages, skipped, isLastResort } = decision;
    const batch = state.batch + 1;
    const outstanding = pages.map((page) => ({ ...page, result: 'out' as const }));
    next = { ...next, batch, tier, nextTier, dueAtMs, outstanding, lastPagedAtMs: nowMs };
    effects.push({ kind: 'page', batch, severity, tier, pages, skipped, isLastResort });
  }
  if (nowMs >= state.tellAtMs) {
    next = { ...next, tellAtMs: nowMs + context.policies[severity].tellEveryMs };
    effects.push({ kind: 'tell_person' });
  }
  return stepTo(next, ...effects);
}

/** Nobody has heard of the last step's pages, and nobody would of the same pages again. */
function isRefusedAround({ tier, nextTier, outstanding }: PagingAlert): boolean {
  const isAround = nextTier === tier && outstanding.length > 0;
  return isAround && outstanding.every(({ result }) => result === 'failed');
}
