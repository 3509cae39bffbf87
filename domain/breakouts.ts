/** What a therapist asks for with a session's breakout rooms. */
export interface BreakoutWish {
  readonly name: string;
  readonly participantIds: readonly string[];
}

export type BreakoutVerdict =
  | { readonly kind: 'fits' }
  | { readonly kind: 'refused'; readonly field: string; readonly reason: string };

/**
 * Whether rooms can be made or filled so: each once by its name, nobody in two at once, and only
 * those who take part in the session. `known`: with it, only rooms of these names are there.
 */
export function checkBreakouts(
  rooms: readonly BreakoutWish[],
  session: { readonly personIds: ReadonlySet<string>; readonly known?: ReadonlySet<string> },
): BreakoutVerdict {
  const refused = (field: string, reason: string): BreakoutVerdict => ({
    kind: 'refused',
    field,
    reason,
  });
  if (rooms.length === 0) return refused('rooms', 'must name at least one room');
  const names = new Set<string>();
  const placed = new Set<string>();
  for (const { name, participantIds } of rooms) {
    const spelt = spelling(name);
    if (names.has(spelt)) return refused('rooms', 'must not name a room twice');
    if (session.known?.has(spelt) === false) return refused('rooms', 'must name open rooms only');
    names.add(spelt);
    for (const id of participantIds) {
      if (placed.has(id)) return refused('rooms', 'must not have anybody in two rooms');
      if (!session.personIds.has(id)) {
        return refused('rooms', 'must not have anybody who is not in the session');
      }
      placed.add(id);
    }
  }
  return { kind: 'fits' };
}

/** How names of rooms are compared. */
export function spelling(name: string): string {
  return name.trim().normalize('NFC').toLocaleLowerCase('en');
}
