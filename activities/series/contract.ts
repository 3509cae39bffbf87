/** What one look at the series found and did. */
export interface StartAheadReport {
  /** Series whose request nobody answered in time. */
  readonly lapsed: number;
  /** Occurrences that have begun their own life. */
  readonly opened: number;
  /** Occurrences that were never opened before they should have begun. */
  readonly missed: number;
  /** Occurrences that are now paid with the card of their series. */
  readonly cardsPassedOn: number;
  /** Edits of running occurrences that a crash had kept from their workflows. */
  readonly editsApplied: number;
  readonly mailsSent: number;
  /** What went wrong and is tried again by the next run. */
  readonly failed: number;
}

export interface SeriesActivities {
  startAhead(): Promise<StartAheadReport>;
}
