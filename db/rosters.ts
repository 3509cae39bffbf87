import type { Knex } from 'knex';
import { raw } from 'objection';
import { HoldfastError } from '../domain/errors.ts';
import type { Roster, Rotation } from '../domain/rosters.ts';
import { RosterModel, RosterOverride } from './models/roster.ts';

export interface RosterPage {
  readonly after: string | null;
  readonly limit: number;
}

export const MOST_ROSTERS = 100;

/** A clinic's rosters, oldest first. */
export async function listRosters(
  db: Knex,
  clinicId: string,
  page: RosterPage,
): Promise<RosterModel[]> {
  return RosterModel.query(db)
    .where({ clinic_id: clinicId })
    .modify((query) => (page.after === null ? query : query.where('id', '>', page.after)))
    .orderBy('id')
    .limit(page.limit);
}

/** Throws `not_found` for another clinic's. */
export async function getRoster(db: Knex, clinicId: string, id: string): Promise<RosterModel> {
  const roster = await RosterModel.query(db).findById(id).where({ clinic_id: clinicId });
  if (roster === undefined) throw new HoldfastError('not_found', 'There is nothing of this id');
  return roster;
}

export interface NewRoster {
  readonly id: string;
  readonly clinicId: string;
  readonly name: string;
  readonly rotations: readonly Rotation[];
  readonly createdBy: string;
}

/** The same id again gives what the first attempt made. Throws `refused_by_rule` past the limit. */
export async function insertRoster(trx: Knex.Transaction, roster: NewRoster): Promise<RosterModel> {
  const { clinicId, id } = roster;
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const count = await RosterModel.query(trx).where({ clinic_id: clinicId }).resultSize();
  if (count >= MOST_ROSTERS) {
    throw new HoldfastError('refused_by_rule', `A clinic has ${MOST_ROSTERS} rosters at most`);
  }
  await RosterModel.query(trx).insert(roster).onConflict('id').ignore();
  return getRoster(trx, clinicId, id);
}

/** Throws `not_found`, or `version_conflict` where somebody was faster. */
export async function replaceRoster(
  trx: Knex.Transaction,
  clinicId: string,
  id: string,
  change: {
    readonly name: string;
    readonly rotations: readonly Rotation[];
    readonly expectedVersion: number | null;
  },
): Promise<RosterModel> {
  const before = await RosterModel.query(trx)
    .findById(id)
    .where({ clinic_id: clinicId })
    .forUpdate();
  if (before === undefined) throw new HoldfastError('not_found', 'There is nothing of this id');
  if (change.expectedVersion !== null && change.expectedVersion !== before.version) {
    throw new HoldfastError('version_conflict', 'Somebody has changed this roster meanwhile', {
      currentVersion: before.version,
    });
  }
  const { name, rotations } = change;
  const patch = { name, rotations, version: before.version + 1, updatedAt: raw('now()') };
  await RosterModel.query(trx)
    .findById(id)
    .patch(patch as object);
  return getRoster(trx, clinicId, id);
}

export interface NewOverride {
  readonly id: string;
  readonly rosterId: string;
  readonly personId: string;
  readonly insteadOf: string | null;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly createdBy: string;
}

export async function insertOverride(
  trx: Knex.Transaction,
  override: NewOverride,
): Promise<RosterOverride> {
  await RosterOverride.query(trx).insert(override).onConflict('id').ignore();
  return (await RosterOverride.query(trx).findById(override.id)) as RosterOverride;
}

/** Rosters with the overrides that touch a stretch of time, by id: all that their shifts need. */
export async function expandRosters(
  db: Knex,
  rosters: readonly RosterModel[],
  stretch: { readonly fromMs: number; readonly toMs: number },
): Promise<Map<string, Roster>> {
  // A shift reaches out of the stretch, and stand-ins for its other parts show with it.
  const overrides = await RosterOverride.query(db)
    .whereIn(
      'roster_id',
      rosters.map(({ id }) => id),
    )
    .where('ends_at', '>', new Date(stretch.fromMs - LONGEST_SHIFT_MS))
    .where('starts_at', '<', new Date(stretch.toMs + LONGEST_SHIFT_MS))
    .orderBy('position');
  return new Map(
    rosters.map(({ id, rotations }) => {
      const own = overrides.filter(({ rosterId }) => rosterId === id);
      return [id, { rotations, overrides: own.map(fromRow) }];
    }),
  );
}

/** 8 weeks, and some hours for clocks that are set back meanwhile. */
export const LONGEST_SHIFT_MINUTES = 8 * 7 * 1_440;
const LONGEST_SHIFT_MS = (LONGEST_SHIFT_MINUTES + 1_440) * 60_000;

function fromRow({
  id,
  personId,
  insteadOf,
  startsAt,
  endsAt,
}: RosterOverride): Roster['overrides'][number] {
  return { id, personId, insteadOf, startMs: startsAt.getTime(), endMs: endsAt.getTime() };
}
