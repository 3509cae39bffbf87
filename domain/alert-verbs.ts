import { isAlertOutcome } from './alert-events.ts';
import type {
  AlertEffect,
  AlertEvent,
  AlertRefusal,
  AlertState,
  AlertStep,
  HeldAlert,
  InContactAlert,
  PagingAlert,
  ReopenReason,
} from './alert-events.ts';
import { assertNever } from './assert-never.ts';
import { severityRank } from './escalation-policy.ts';
import type { AlertSeverity } from './escalation-policy.ts';
import { clampTier, shortestWaitMs } from './escalation.ts';
import type { PagingContext } from './escalation.ts';

/** A word on an alert asks nobody who is on call: pages do. */
type PolicyContext = Pick<PagingContext, 'policies' | 'holds'>;

/** Whoever is talking with somebody in distress reads each of their words anyway. */
const TELL_HOLDER_EVERY_MS = 5 * 60_000;

type OpenAlert = Exclude<AlertState, { kind: 'resolved' }>;
type EventOf<Kind extends AlertEvent['kind']> = Extract<AlertEvent, { kind: Kind }>;

/** What an event makes of an alert, before anything that is due by then. */
export function applyEvent(
  context: PolicyContext,
  state: AlertState,
  event: AlertEvent,
  nowMs: number,
): AlertStep {
  if (state.kind === 'resolved') return afterTheEnd(state, event);
  switch (event.kind) {
    case 'tick':
      return stepTo(state);
    case 'trigger':
      return triggered(context, state, event.severity, nowMs);
    case 'page_result':
      return state.kind === 'paging' ? pageSettled(context, state, event, nowMs) : stepTo(state);
    case 'acknowledge':
      return acknowledged(context, state, event.by, nowMs);
    case 'sign':
      return signOfContact(context, state, event.by, nowMs);
    case 'contact':
      return contacted(context, state, event.by, nowMs);
    case 'contact_lost':
      return contactLost(context, state, nowMs);
    case 'release':
      return released(context, state, event.by, nowMs);
    case 'resolve':
      return resolved(context, state, event, nowMs);
    default:
      return assertNever(event);
  }
}

export function stepTo(state: AlertState, ...effects: AlertEffect[]): AlertStep {
  return { state, effects, refusal: null };
}

function refused(state: AlertState, refusal: AlertRefusal): AlertStep {
  return { state, effects: [], refusal };
}

const NEWS: readonly AlertEvent['kind'][] = ['tick', 'page_result', 'sign', 'contact_lost'];

/** News of pages and messages may come late; a human's verb must hear that it came too late. */
function afterTheEnd(state: AlertState, event: AlertEvent): AlertStep {
  const isNews = NEWS.includes(event.kind);
  return isNews ? stepTo(state) : refused(state, { reason: 'resolved' });
}

function triggered(
  context: PolicyContext,
  state: OpenAlert,
  severity: AlertSeverity,
  nowMs: number,
): AlertStep {
  if (severityRank(severity) > severityRank(state.severity)) {
    const { tier } = state;
    if (state.kind === 'paging') {
      const tellAtMs = Math.min(state.tellAtMs, nowMs + context.policies[severity].tellAfterMs);
      const due = { nextTier: tier, dueAtMs: nowMs, tellAtMs };
      return stepTo({ ...state, severity, ...due, lastHolderId: null });
    }
    return reopened(context, { ...state, severity }, tier, 'raised', nowMs);
  }
  if (state.kind === 'paging') {
    const policy = context.policies[state.severity];
    const soonestMs = (state.lastPagedAtMs ?? nowMs) + shortestWaitMs(policy, state.tier);
    const dueAtMs = Math.min(state.dueAtMs, Math.max(nowMs, soonestMs));
    return stepTo({ ...state, dueAtMs });
  }
  const isTold = nowMs - (state.toldAtMs ?? -Infinity) < TELL_HOLDER_EVERY_MS;
  if (isTold && (context.holds?.('holder-told-sparingly') ?? true)) return stepTo(state);
  const { holderId } = state;
  const told = { kind: 'tell_holder', holderId, because: 'trigger' } as const;
  return stepTo({ ...state, toldAtMs: nowMs }, told);
}

function pageSettled(
  { policies }: PolicyContext,
  state: PagingAlert,
  { batch, page, result }: EventOf<'page_result'>,
  nowMs: number,
): AlertStep {
  if (batch !== state.batch) return stepTo(state);
  const outstanding = state.outstanding.map((known) =>
    known.personId === page.personId && known.channel === page.channel
      ? { ...known, result }
      : known,
  );
  const next = { ...state, outstanding };
  const isRinging = outstanding.some(({ personId }) => mayStillAnswer(next, personId));
  if (isRinging || outstanding.length === 0) return stepTo(next);
  // There is somebody else up to the last step; there, the same people are tried again shortly.
  const isAround = state.nextTier === state.tier;
  const pauseMs = isAround ? shortestWaitMs(policies[state.severity], state.tier) : 0;
  const soonestMs = Math.max(nowMs, (state.lastPagedAtMs ?? nowMs) + pauseMs);
  return stepTo({ ...next, dueAtMs: Math.min(state.dueAtMs, soonestMs) });
}

/** Whoever lets the phone ring out will not read a text either. */
function mayStillAnswer({ outstanding }: PagingAlert, personId: string): boolean {
  const own = outstanding.filter((page) => page.personId === personId);
  return own.some(({ result }) => result === 'out') && !own.some((p) => p.result === 'unanswered');
}

function acknowledged(
  context: PolicyContext,
  state: OpenAlert,
  by: string,
  nowMs: number,
): AlertStep {
  if (state.kind === 'paging') return taken(context, state, by, nowMs);
  if (state.holderId === by) return stepTo(state);
  return refused(state, { reason: 'already_held', holderId: state.holderId });
}

function taken(
  { policies }: PolicyContext,
  state: PagingAlert,
  holderId: string,
  nowMs: number,
): AlertStep {
  const leaseUntilMs = nowMs + policies[state.severity].leaseMs;
  const lease = { holderId, heldSinceMs: nowMs, leaseUntilMs };
  return stepTo({ kind: 'held', ...basisOf(state), ...lease }, { kind: 'stop_pages' });
}

function signOfContact(
  context: PolicyContext,
  state: OpenAlert,
  by: string,
  nowMs: number,
): AlertStep {
  const policy = context.policies[state.severity];
  switch (state.kind) {
    case 'paging':
      return by === state.lastHolderId ? taken(context, state, by, nowMs) : stepTo(state);
    case 'held':
      if (by !== state.holderId) return stepTo(state);
      return stepTo({
        ...state,
        leaseUntilMs: Math.max(state.leaseUntilMs, nowMs + policy.leaseMs),
      });
    case 'in_contact':
      if (by !== state.holderId) return stepTo(state);
      return stepTo({
        ...state,
        remindAtMs: nowMs + policy.contactReminderMs,
        reminders: 0,
      });
    default:
      return assertNever(state);
  }
}

/** Whoever has spoken with the person stops the pages, however late and whoever holds the alert. */
function contacted(
  { policies }: PolicyContext,
  state: OpenAlert,
  by: string,
  nowMs: number,
): AlertStep {
  const holderId = state.kind === 'paging' ? by : state.holderId;
  const remindAtMs = nowMs + policies[state.severity].contactReminderMs;
  const contact: Omit<InContactAlert, keyof ReturnType<typeof basisOf>> = {
    kind: 'in_contact',
    holderId,
    contactById: by,
    contactAtMs: nowMs,
    remindAtMs,
  };
  const next: AlertState = { ...basisOf(state), ...contact };
  return state.kind === 'paging' ? stepTo(next, { kind: 'stop_pages' }) : stepTo(next);
}

/** More people are needed to find somebody: pages go out at once, from one tier up. */
function contactLost(context: PolicyContext, state: OpenAlert, nowMs: number): AlertStep {
  if (state.kind === 'paging') return stepTo({ ...state, dueAtMs: nowMs, lastHolderId: null });
  return reopened(context, state, state.tier + 1, 'contact_lost', nowMs);
}

function released(context: PolicyContext, state: OpenAlert, by: string, nowMs: number): AlertStep {
  const holderId = state.kind === 'paging' ? null : state.holderId;
  if (state.kind === 'paging' || holderId !== by) {
    return refused(state, { reason: 'not_holder', holderId });
  }
  return reopened(context, state, state.tier, 'released', nowMs);
}

function resolved(
  { policies }: PolicyContext,
  state: OpenAlert,
  { by, outcome }: EventOf<'resolve'>,
  nowMs: number,
): AlertStep {
  if (!isAlertOutcome(outcome)) return refused(state, { reason: 'outcome_required' });
  const { followUpAfterMs } = policies[state.severity];
  const followUpAtMs = followUpAfterMs === null ? null : nowMs + followUpAfterMs;
  const end = { outcome, resolvedById: by, resolvedAtMs: nowMs, followUpAtMs };
  const effects: AlertEffect[] = [
    ...(state.kind === 'paging' ? [{ kind: 'stop_pages' } as const] : []),
    ...(followUpAtMs === null ? [] : [{ kind: 'follow_up', atMs: followUpAtMs } as const]),
  ];
  return stepTo({ kind: 'resolved', ...basisOf(state), ...end }, ...effects);
}

/** Nobody has it any more: pages go out from `tier` on, at once. */
export function reopened(
  { policies }: PolicyContext,
  state: HeldAlert | InContactAlert,
  tier: number,
  because: ReopenReason,
  nowMs: number,
): AlertStep {
  const nextTier = clampTier(policies[state.severity], tier);
  const due = { nextTier, dueAtMs: nowMs, outstanding: [] };
  const tellAtMs = nowMs + policies[state.severity].tellAfterMs;
  const { holderId } = state;
  // Whoever has given it back, or does not suffice, takes it again only by a word on it.
  const lastHolderId = because === 'lease_lapsed' ? holderId : null;
  const next = { ...basisOf(state), ...due, tellAtMs, lastHolderId };
  return stepTo({ kind: 'paging', ...next }, { kind: 'reopened', because, from: holderId });
}

function basisOf({ severity, tier, batch, lastPagedAtMs }: AlertState): {
  readonly severity: AlertSeverity;
  readonly tier: number;
  readonly batch: number;
  readonly lastPagedAtMs: number | null;
} {
  return { severity, tier, batch, lastPagedAtMs };
}
