import type { Plan } from '../../domain/plan.ts';
import type { GroupCourse, RoomPresence } from '../messages/session.ts';
import { type Deadline, type SessionState, nextDeadline } from '../../domain/session.ts';

/** What a session does by itself at an instant (epoch ms). */
export type Alarm =
  | { readonly kind: 'deadline'; readonly deadline: Deadline; readonly dueAt: number }
  | { readonly kind: 'proposal_lapses'; readonly dueAt: number }
  | { readonly kind: 'charge_saved_card'; readonly dueAt: number }
  | { readonly kind: 'decide'; readonly dueAt: number }
  | { readonly kind: 'start'; readonly dueAt: number }
  | { readonly kind: 'no_show'; readonly dueAt: number }
  | { readonly kind: 'therapist_missed'; readonly dueAt: number }
  | { readonly kind: 'end'; readonly dueAt: number };

/** The first thing that happens unless somebody acts before; null while only a person can act. */
export function nextAlarm(
  state: SessionState,
  plan: Plan,
  group: GroupCourse | null = null,
  presence: RoomPresence | null = null,
): Alarm | null {
  const alarms: Alarm[] = [];
  const deadline = nextDeadline(state);
  if (deadline !== null) alarms.push({ kind: 'deadline', ...deadline });
  if (state.proposal !== null) {
    alarms.push({ kind: 'proposal_lapses', dueAt: state.proposal.answerDueAt });
  }
  if (state.status === 'confirmed') {
    // Before the start, also where both are due at one instant.
    if (state.payment === 'saved') {
      alarms.push({
        kind: 'charge_saved_card',
        dueAt: state.startsAt - plan.payment.nearSessionMs,
      });
    }
    if (group !== null && group.minMembers > 0 && !group.isDecided) {
      alarms.push({ kind: 'decide', dueAt: state.startsAt - group.decideBeforeStartMs });
    }
    alarms.push({ kind: 'start', dueAt: state.startsAt });
  }
  if (state.status === 'in_progress') {
    alarms.push(ending(state, plan, presence));
  }
  return alarms.toSorted((a, b) => a.dueAt - b.dueAt)[0] ?? null;
}

/**
 * How a session ends unless the therapist marks attendance. Where nobody was in the room it may have
 * taken place elsewhere, so that it completes. Else the room decides: it is over when all have left
 * after its end, the client's absence when they had not come within the grace, and nobody's fault but
 * the therapist's when only the client came.
 */
function ending(
  { startsAt, endsAt }: SessionState,
  plan: Plan,
  presence: RoomPresence | null,
): Alarm {
  const windowEndsAt = endsAt + plan.attendanceWindowMs;
  if (presence === null) return { kind: 'end', dueAt: windowEndsAt };
  const { clientCameAt, therapistCameAt, emptySince } = presence;
  if (therapistCameAt === null) return { kind: 'therapist_missed', dueAt: windowEndsAt };
  if (clientCameAt === null) {
    const graceEndsAt = Math.max(startsAt, therapistCameAt) + plan.noShowGraceMs;
    return { kind: 'no_show', dueAt: Math.min(graceEndsAt, windowEndsAt) };
  }
  const isLeft = emptySince !== null;
  return { kind: 'end', dueAt: isLeft ? Math.max(endsAt, emptySince) : windowEndsAt };
}

/** The timer's summary in Temporal UI. */
export function nameOf(alarm: Alarm): string {
  return alarm.kind === 'deadline' ? `${alarm.deadline} deadline` : alarm.kind.replaceAll('_', ' ');
}
