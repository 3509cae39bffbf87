import type { MediaKind, Occupant, RoomRole, RoomState } from './room-state.ts';

/**
 * Who may see and hear whom: the one place that decides it, for media, for chat and for who is
 * shown to whom. Two people reach each other when both are inside and in the same breakout.
 */
export function mayReach(state: RoomState, receiverId: string, senderId: string): boolean {
  if (state.isClosed || receiverId === senderId) return false;
  const receiver = state.occupants[receiverId];
  const sender = state.occupants[senderId];
  if (receiver?.place !== 'inside' || sender?.place !== 'inside') return false;
  return receiver.breakoutId === sender.breakoutId;
}

/** Whether what the sender produces may reach the receiver. */
export function mayConsume(state: RoomState, receiverId: string, senderId: string): boolean {
  return mayReach(state, receiverId, senderId) && state.occupants[senderId]?.role !== 'observer';
}

/** Whether somebody may send media of a kind at all. */
export function mayProduce(state: RoomState, personId: string, kind: MediaKind): boolean {
  if (!maySpeak(state, personId) || state.policy.mode === 'text') return false;
  return kind === 'audio' || state.policy.mode === 'video';
}

/** Whether somebody may write to those around them. Observers only receive. */
export function maySpeak(state: RoomState, personId: string): boolean {
  const person = state.occupants[personId];
  return !state.isClosed && person?.place === 'inside' && person.role !== 'observer';
}

/** Those whom somebody can reach, themselves not included. */
export function around(state: RoomState, personId: string): string[] {
  return Object.keys(state.occupants).filter((other) => mayReach(state, other, personId));
}

export function isHost(role: RoomRole | undefined): boolean {
  return role === 'host' || role === 'co_host';
}

export function occupantsOf(state: RoomState): Occupant[] {
  return Object.values(state.occupants);
}

/** The hosts who are inside: who hears of those that wait. */
export function hostIds(state: RoomState): string[] {
  return occupantsOf(state)
    .filter(({ role, place }) => isHost(role) && place === 'inside')
    .map(({ personId }) => personId);
}

/** Whether one more with this role fits in beside those who are inside, whoever is away included. */
export function hasRoomFor(state: RoomState, role: RoomRole): boolean {
  const isObserver = role === 'observer';
  const alike = occupantsOf(state).filter(
    (each) => each.place === 'inside' && (each.role === 'observer') === isObserver,
  );
  return alike.length < (isObserver ? state.policy.maxObservers : state.policy.capacity);
}

/** Whether somebody may act on somebody else: hosts on all but hosts, the host on co-hosts as well. */
export function outranks(by: Occupant, whom: Occupant): boolean {
  if (by.place !== 'inside' || by.personId === whom.personId) return false;
  if (by.role === 'host') return whom.role !== 'host';
  return by.role === 'co_host' && !isHost(whom.role);
}
