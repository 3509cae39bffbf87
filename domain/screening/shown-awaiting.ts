import { SMALLEST_GROUP } from './shown-groups.ts';
import type { ShownMonth } from './shown-months.ts';

/**
 * Of at least how many people of a month a flagged result waits for a review, in steps of the smallest
 * group; null for fewer than two steps. The figure falls with the reviews, so that whoever sees it
 * change knows the number that changed it and the one before: both have to leave enough people
 * who wait, who don't, and, where it is shown how many are flagged, who have been looked at. Which
 * steps there are follows from what never changes of a month, lest a step that comes or goes tells
 * what it was kept back for.
 */
export function shownAwaiting(
  { people, flagged }: Pick<ShownMonth, 'people' | 'flagged'>,
  awaiting: number,
): number | null {
  const most = Math.min(people, flagged ?? people) - SMALLEST_GROUP;
  const step = Math.floor(Math.min(awaiting, most) / SMALLEST_GROUP) * SMALLEST_GROUP;
  return step > SMALLEST_GROUP ? step : null;
}
