/** What one sweep found and mended. */
export interface SweepReport {
  /** Sessions whose workflow a crash had kept from starting. */
  readonly started: number;
  /** Bookings whose time was up before any workflow could be started. */
  readonly released: number;
  /** Claims that had lapsed and were still in the table. */
  readonly claimsReleased: number;
  /** Sessions whose workflow had been terminated. */
  readonly revived: number;
  /** Payments of ended sessions whose workflow had been terminated before it gave them back. */
  readonly squared: number;
  /** Imports of outside calendars that nobody looked after. */
  readonly importsStarted: number;
  /** Unfinished questionnaires with an answer of danger, for which a human was called. */
  readonly dangersRaised: number;
  /** Questionnaires whose time was up. */
  readonly responsesExpired: number;
}

export interface SweepActivities {
  sweep(): Promise<SweepReport>;
}
