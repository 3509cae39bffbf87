/** The published durations of this door, minutes. */
export const DURATIONS: readonly number[] = [30, 60, 90, 120];
