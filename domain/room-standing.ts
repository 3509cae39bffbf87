import { sentAway } from './room-powers.ts';
import { occupantsOf } from './room-reach.ts';
import type { RoomPolicy, RoomState, RoomStep } from './room-state.ts';
import { change, closing, nothing } from './room-steps.ts';

/** What a session's record says of its room. */
export interface RoomStanding {
  readonly policy: RoomPolicy;
  /** Who takes part in the session, its host included. */
  readonly personIds: readonly string[];
}

/**
 * Brings an open room in line with its session, which others may have moved, called off or completed,
 * or left: null where it does not take place any more, and the room ends for all. Whoever has no part
 * in it any more leaves.
 */
export function settleRoom(state: RoomState, standing: RoomStanding | null): RoomStep {
  if (state.isClosed) return nothing(state);
  if (standing === null) return closing(state, 'ended');
  const taking = new Set(standing.personIds);
  const admittedIds = state.admittedIds.filter((id) => taking.has(id));
  let step = change({ ...state, policy: standing.policy, admittedIds }, []);
  for (const person of occupantsOf(state)) {
    if (taking.has(person.personId)) continue;
    const next = sentAway(step.state, person, 'removed');
    step = change(next.state, [...step.effects, ...next.effects]);
  }
  return step;
}
