/** So many cameras are sent to each person: in a larger room, those of whoever spoke last. */
export const CAMERAS_SHOWN = 9;

/** Who has spoken, the latest first. */
export type Voices = readonly string[];

export function spoke(voices: Voices, personId: string): Voices {
  return voices[0] === personId
    ? voices
    : [personId, ...voices.filter((each) => each !== personId)];
}

/**
 * Whose cameras one person is sent. `cameras` are those that they may see, the earliest first: while
 * nobody has spoken, who came first is shown.
 */
export function shownCameras(
  voices: Voices,
  cameras: readonly string[],
  most: number = CAMERAS_SHOWN,
): ReadonlySet<string> {
  const on = new Set(cameras);
  const heard = voices.filter((personId) => on.has(personId));
  return new Set([...new Set([...heard, ...cameras])].slice(0, most));
}
