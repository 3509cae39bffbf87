/** What the import of an outside calendar asks of the world outside. */
export interface CalendarActivities {
  /**
   * Reads a feed's calendar once and takes over its busy times. What the calendar's server does
   * is an outcome that the feed tells, never a failure of the activity.
   */
  readCalendar(input: { readonly feedId: string }): Promise<CalendarReading>;
}

export type CalendarReading =
  /** `nextInMs` is when to look again. */
  | { readonly kind: 'read' | 'unchanged' | 'failed'; readonly nextInMs: number }
  /** The feed has been revoked: there is nothing more to do. */
  | { readonly kind: 'gone' };
