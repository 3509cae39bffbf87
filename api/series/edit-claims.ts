import type { Knex } from 'knex';
import {
  type BatchWish,
  type GrantedClaim,
  type RefusedBooking,
  batchWishesOf,
  claimTogether,
  refusedOf,
} from '../../db/batch-bookings.ts';
import { releaseClaims } from '../../db/claims.ts';
import type { OccurrenceRow } from '../../db/series.ts';
import { overlaps } from '../../domain/intervals.ts';
import type { Place } from '../../domain/series.ts';
import { type ClaimedStretch, claimWishes } from '../../domain/session-claims.ts';
import type { ComposedOccurrence } from './compose.ts';

export interface Move {
  readonly row: OccurrenceRow;
  readonly to: Place;
}

export interface WantedClaims {
  /** Occurrences to other times; those with a running workflow claim them again by it. */
  readonly moves: readonly Move[];
  readonly added: readonly ComposedOccurrence[];
  readonly removed: readonly OccurrenceRow[];
}

/** A new time is kept so long for the workflow that has yet to claim it. */
const KEPT_FOR_MS = 10 * 60_000;

/** All that an edit claims, in wishes. */
export function editWishes({ moves, added }: WantedClaims, now: number): BatchWish[] {
  const moved = moves.flatMap(({ row, to }) =>
    stretchesOf(row, to.startMs, to.endMs).map((stretch) => ({
      ...stretch,
      sessionId: row.id,
      expiresAtMs: row.status === 'planned' ? null : now + KEPT_FOR_MS,
      slot: 'proposed' as const,
    })),
  );
  return [...moved, ...added.flatMap(({ session }) => batchWishesOf(session))];
}

export type EditClaims =
  | { readonly kind: 'granted'; readonly granted: readonly GrantedClaim[] }
  | { readonly kind: 'refused'; readonly refused: readonly RefusedBooking[] };

/**
 * Claims every new time of an edit in one statement. Usually the old times stay claimed until the
 * new ones are; where an occurrence takes the old time of another, theirs are let go of first.
 */
export async function claimEdit(
  trx: Knex.Transaction,
  claims: WantedClaims,
  now: number,
): Promise<EditClaims> {
  const wishes = editWishes(claims, now);
  if (wishes.length === 0) return { kind: 'granted', granted: [] };
  const leaving = [...claims.moves.map(({ row }) => row), ...claims.removed].filter(
    ({ status }) => status === 'planned',
  );
  if (isInOwnWay(wishes, leaving)) {
    for (const { id } of leaving) await releaseClaims(trx, id, 'current');
  }
  const granted = await claimTogether(trx, wishes);
  const people = [
    ...claims.moves.map(({ row }) => ({ id: row.id, therapistId: row.therapist_id })),
    ...claims.added.map(({ session }) => session),
  ];
  const refused = refusedOf(people, wishes, granted);
  return refused.length > 0 ? { kind: 'refused', refused } : { kind: 'granted', granted };
}

function isInOwnWay(wishes: readonly BatchWish[], leaving: readonly OccurrenceRow[]): boolean {
  const old = leaving.flatMap((row) => ownClaims(row).map((claim) => ({ ...claim, id: row.id })));
  return wishes.some((wish) =>
    old.some(
      (claim) =>
        claim.id !== wish.sessionId && claim.personId === wish.personId && overlaps(claim, wish),
    ),
  );
}

/** What an occurrence claims at its present time. */
export function ownClaims(row: OccurrenceRow): ClaimedStretch[] {
  return stretchesOf(row, row.starts_at.getTime(), row.ends_at.getTime());
}

function stretchesOf(row: OccurrenceRow, startsAt: number, endsAt: number): ClaimedStretch[] {
  const { therapist_id: therapistId, door, client_id: clientId, plan } = row;
  return claimWishes({ therapistId, door, clientId, startsAt, endsAt, buffers: plan.buffers });
}
