/** How grave an alert is, mildest first. */
export const ALERT_SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** `socket` reaches whoever has the console open; `voice` rings and asks for a key. */
export const PAGE_CHANNELS = ['socket', 'sms', 'voice'] as const;
export type PageChannel = (typeof PAGE_CHANNELS)[number];

/** Groups of a clinic's people that a step may name: who they are is known when it is due. */
export const PAGE_TEAMS = ['crisis_team', 'counselors', 'admins'] as const;
export type PageTeam = (typeof PAGE_TEAMS)[number];

export type PageTarget =
  | { readonly kind: 'person'; readonly personId: string }
  /** Whoever is on call there when the step is due. */
  | { readonly kind: 'roster'; readonly rosterId: string }
  | { readonly kind: 'team'; readonly team: PageTeam };

export interface EscalationStep {
  readonly targets: readonly PageTarget[];
  readonly channels: readonly PageChannel[];
  /** How long an answer is waited for before the next step, or the last one again, is paged. */
  readonly waitMs: number;
}

/** What is done about an alert of one severity. There is no number of rounds: it never gives up. */
export interface EscalationPolicy {
  readonly steps: readonly EscalationStep[];
  /** An acknowledgement without a sign of contact ends after so long. */
  readonly leaseMs: number;
  /** Whoever is in contact and shows no sign of it is reminded after so long, again and again. */
  readonly contactReminderMs: number;
  /** When the person is told that nobody has answered yet, with contacts; then every `tellEveryMs`. */
  readonly tellAfterMs: number;
  readonly tellEveryMs: number;
  /** How long after its resolution somebody looks after the person; null for never. */
  readonly followUpAfterMs: number | null;
}

export type EscalationPolicies = Readonly<Record<AlertSeverity, EscalationPolicy>>;

export function severityRank(severity: AlertSeverity): number {
  return ALERT_SEVERITIES.indexOf(severity);
}

/** Whichever is graver; nothing is milder than anything. */
export function graver(one: AlertSeverity, other: AlertSeverity | null): AlertSeverity {
  return other !== null && severityRank(other) > severityRank(one) ? other : one;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ALL_CHANNELS = PAGE_CHANNELS;

function toTeam(team: PageTeam, waitMs: number): EscalationStep {
  return { targets: [{ kind: 'team', team }], channels: ALL_CHANNELS, waitMs };
}

function widening(waitMs: number): EscalationStep[] {
  const everybody: PageTarget[] = PAGE_TEAMS.map((team) => ({ kind: 'team', team }));
  return [
    toTeam('crisis_team', waitMs),
    toTeam('counselors', waitMs),
    { targets: everybody, channels: ALL_CHANNELS, waitMs },
  ];
}

/** What holds for a clinic that has said nothing: first its crisis team, then more and more people. */
export const DEFAULT_POLICIES: EscalationPolicies = {
  critical: {
    steps: widening(45 * SECOND_MS),
    leaseMs: 3 * MINUTE_MS,
    contactReminderMs: 20 * MINUTE_MS,
    tellAfterMs: 30 * SECOND_MS,
    tellEveryMs: MINUTE_MS,
    followUpAfterMs: 24 * 60 * MINUTE_MS,
  },
  high: {
    steps: widening(90 * SECOND_MS),
    leaseMs: 5 * MINUTE_MS,
    contactReminderMs: 30 * MINUTE_MS,
    tellAfterMs: 60 * SECOND_MS,
    tellEveryMs: 2 * MINUTE_MS,
    followUpAfterMs: 24 * 60 * MINUTE_MS,
  },
  medium: {
    steps: widening(4 * MINUTE_MS),
    leaseMs: 15 * MINUTE_MS,
    contactReminderMs: 60 * MINUTE_MS,
    tellAfterMs: 2 * MINUTE_MS,
    tellEveryMs: 5 * MINUTE_MS,
    followUpAfterMs: 48 * 60 * MINUTE_MS,
  },
  low: {
    steps: widening(10 * MINUTE_MS),
    leaseMs: 30 * MINUTE_MS,
    contactReminderMs: 2 * 60 * MINUTE_MS,
    tellAfterMs: 5 * MINUTE_MS,
    tellEveryMs: 10 * MINUTE_MS,
    followUpAfterMs: 72 * 60 * MINUTE_MS,
  },
};

/** The default for a clinic: whoever is on its rosters comes before its teams. */
export function defaultPolicies(rosterIds: readonly string[]): EscalationPolicies {
  if (rosterIds.length === 0) return DEFAULT_POLICIES;
  const targets = rosterIds.map((rosterId): PageTarget => ({ kind: 'roster', rosterId }));
  const onCallFirst = ({ steps, ...policy }: EscalationPolicy): EscalationPolicy => {
    const { waitMs } = steps[0]!;
    return { ...policy, steps: [{ targets, channels: ALL_CHANNELS, waitMs }, ...steps] };
  };
  const { low, medium, high, critical } = DEFAULT_POLICIES;
  return {
    low: onCallFirst(low),
    medium: onCallFirst(medium),
    high: onCallFirst(high),
    critical: onCallFirst(critical),
  };
}
