import type { AlertSeverity } from './escalation-policy.ts';
import { ALERT_SEVERITIES } from './escalation-policy.ts';
import { nextPage } from './escalation.ts';
import type { EscalationContext } from './escalation.ts';
import { isReviewDue } from './resources.ts';
import type { CrisisResource } from './resources.ts';
import { gapsBetween } from './rosters.ts';
import type { Roster } from './rosters.ts';

/** `critical`: an alert now may reach nobody, or nobody sees to it that it does. */
export type FindingSeverity = 'critical' | 'warning' | 'info';

export type SubjectKind = 'roster' | 'person' | 'policy' | 'resource' | 'drill' | 'part';

export interface Finding {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  /** What it is about: an id, or a code such as `high/2` for a policy's second step. */
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  /** In words, without anybody's name. */
  readonly message: string;
  /** The stretch of time that it is about, where it is about one. Epoch ms. */
  readonly stretch: { readonly startMs: number; readonly endMs: number } | null;
}

export type FindingCode =
  | 'roster_gap'
  | 'person_unpageable'
  | 'phone_unverified'
  | 'step_reaches_nobody'
  | 'policy_reaches_nobody'
  | 'resource_review_due'
  | 'no_drill'
  | 'drill_unanswered'
  | 'part_silent'
  | 'provider_refuses'
  | 'provider_is_stand_in';

export interface NamedRoster {
  readonly id: string;
  readonly name: string;
  readonly roster: Roster;
}

export interface LastDrill {
  readonly id: string;
  readonly startedAtMs: number;
  readonly isRunning: boolean;
  readonly acknowledgedAtMs: number | null;
}

/** All that readiness is judged by, as it is now. */
export interface ReadinessFacts {
  readonly context: EscalationContext;
  readonly rosters: readonly NamedRoster[];
  readonly resources: readonly (CrisisResource & { readonly id: string })[];
  readonly lastDrill: LastDrill | null;
  /** When each part of the crisis lane was last heard of; null for never. */
  readonly heardOfMs: Readonly<Record<string, number | null>>;
  /** Providers that have refused a page of late because of our own account. */
  readonly refusing: readonly string[];
  readonly isSandbox: boolean;
}

export const GAPS_AHEAD_MS = 14 * 86_400_000;
const MOST_GAPS = 10;
const DRILL_EVERY_MS = 30 * 86_400_000;
const SILENT_AFTER_MS = 20_000;

/** What stands in the way of an alert's being answered, gravest first. */
export function readinessOf(facts: ReadinessFacts, nowMs: number): Finding[] {
  const findings = [
    ...silentParts(facts, nowMs),
    ...policyFindings(facts, nowMs),
    ...rosterFindings(facts, nowMs),
    ...peopleFindings(facts),
    ...drillFindings(facts, nowMs),
    ...resourceFindings(facts, nowMs),
    ...providerFindings(facts),
  ];
  return (['critical', 'warning', 'info'] as const).flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity),
  );
}

/**
 * What tells a finding from others of its kind, so that a human is asked to see to it once: again
 * when a gap that was foreseen begins, and each month for what lasts.
 */
export function identityOf({ code, subject, stretch }: Finding, nowMs: number): string {
  const isOfMany = code === 'resource_review_due';
  const what = `${code}:${isOfMany ? '' : subject.id}`;
  if (stretch === null) return `${what}:${instant(nowMs).slice(0, 7)}`;
  const { startMs, endMs } = stretch;
  if (startMs > nowMs) return `${what}:from-${instant(startMs).slice(0, 16)}`;
  const isEndless = endMs >= nowMs + GAPS_AHEAD_MS;
  return `${what}:to-${isEndless ? instant(nowMs).slice(0, 7) : instant(endMs).slice(0, 16)}`;
}

export function isReady(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== 'critical');
}

function silentParts({ heardOfMs }: ReadinessFacts, nowMs: number): Finding[] {
  return Object.entries(heardOfMs).flatMap(([part, atMs]): Finding[] => {
    if (atMs !== null && nowMs - atMs < SILENT_AFTER_MS) return [];
    const since = atMs === null ? 'has never been heard of' : `is silent since ${instant(atMs)}`;
    const message = `The part ${part} of the crisis lane ${since}`;
    return [finding('part_silent', 'critical', 'part', part, message)];
  });
}

function policyFindings({ context }: ReadinessFacts, nowMs: number): Finding[] {
  return ALERT_SEVERITIES.flatMap((severity): Finding[] => {
    const steps = context.policies[severity].steps.map((_step, tier) => tier);
    const dead = steps.filter((tier) => !reachesSomebody(context, severity, tier, nowMs));
    if (dead.length < steps.length) {
      return dead.map((tier) => {
        const message = `Step ${tier + 1} for ${severity} alerts reaches nobody now`;
        const id = `${severity}/${tier + 1}`;
        return finding('step_reaches_nobody', 'warning', 'policy', id, message);
      });
    }
    const message = `No step for ${severity} alerts reaches anybody now`;
    return [finding('policy_reaches_nobody', 'critical', 'policy', severity, message)];
  });
}

function reachesSomebody(
  context: EscalationContext,
  severity: AlertSeverity,
  tier: number,
  nowMs: number,
): boolean {
  const decision = nextPage(context, { severity, tier, dueAtMs: nowMs }, nowMs);
  return decision.kind === 'page' && decision.tier === tier && !decision.isLastResort;
}

/** Only rosters that some policy asks. */
function rosterFindings({ context, rosters }: ReadinessFacts, nowMs: number): Finding[] {
  const asked = new Set(
    targetsOf(context).flatMap((target) => (target.kind === 'roster' ? [target.rosterId] : [])),
  );
  return rosters
    .filter(({ id }) => asked.has(id))
    .flatMap(({ id, name, roster }) =>
      gapsBetween(roster, nowMs, nowMs + GAPS_AHEAD_MS)
        .slice(0, MOST_GAPS)
        .map(({ startMs, endMs }) => {
          const severity = startMs <= nowMs ? 'critical' : 'warning';
          const message = `Nobody is on call on the roster ${name} from ${instant(startMs)} to ${instant(endMs)}`;
          const gap = finding('roster_gap', severity, 'roster', id, message);
          return { ...gap, stretch: { startMs, endMs } };
        }),
    );
}

function peopleFindings({ context, rosters }: ReadinessFacts): Finding[] {
  const { reach } = context.view;
  const named = targetsOf(context).flatMap((target) =>
    target.kind === 'person' ? [target.personId] : [],
  );
  const onRosters = rosters.flatMap(({ roster }) => [
    ...roster.rotations.flatMap(({ people }) => people),
    ...roster.overrides.map(({ personId }) => personId),
  ]);
  return [...new Set([...named, ...onRosters, ...context.view.teams.crisis_team])].flatMap(
    (personId): Finding[] => {
      const channels = reach[personId];
      if (channels === undefined) {
        const message = 'Somebody who is to be paged can’t be: suspended, unverified or gone';
        return [finding('person_unpageable', 'critical', 'person', personId, message)];
      }
      if (channels.some((channel) => channel !== 'socket')) return [];
      const message = 'Somebody who is to be paged has no verified phone: only an open screen';
      return [finding('phone_unverified', 'warning', 'person', personId, message)];
    },
  );
}

function targetsOf({ policies }: EscalationContext) {
  return ALERT_SEVERITIES.flatMap((severity) =>
    policies[severity].steps.flatMap(({ targets }) => targets),
  );
}

function drillFindings({ lastDrill }: ReadinessFacts, nowMs: number): Finding[] {
  if (lastDrill === null || nowMs - lastDrill.startedAtMs > DRILL_EVERY_MS) {
    const message = 'There was no drill within the last 30 days';
    return [finding('no_drill', 'warning', 'drill', lastDrill?.id ?? '', message)];
  }
  if (lastDrill.isRunning || lastDrill.acknowledgedAtMs !== null) return [];
  const message = `Nobody has acknowledged the drill of ${instant(lastDrill.startedAtMs)}`;
  return [finding('drill_unanswered', 'critical', 'drill', lastDrill.id, message)];
}

function resourceFindings({ resources }: ReadinessFacts, nowMs: number): Finding[] {
  const today = instant(nowMs).slice(0, 10);
  return resources
    .filter((resource) => isReviewDue(resource, today))
    .map(({ id, title }) => {
      const message = `${title} has to be reviewed`;
      return finding('resource_review_due', 'warning', 'resource', id, message);
    });
}

function providerFindings({ refusing, isSandbox }: ReadinessFacts): Finding[] {
  const refused = refusing.map((channel) => {
    const message = `Pages by ${channel} are refused because of the account or number they come from`;
    return finding('provider_refuses', 'critical', 'part', channel, message);
  });
  if (!isSandbox) return refused;
  const message = 'Texts, calls and e-mails go to stand-ins, not to people';
  return [...refused, finding('provider_is_stand_in', 'info', 'part', 'sandbox', message)];
}

function finding(
  code: FindingCode,
  severity: FindingSeverity,
  kind: SubjectKind,
  id: string,
  message: string,
): Finding {
  return { code, severity, subject: { kind, id }, message, stretch: null };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
