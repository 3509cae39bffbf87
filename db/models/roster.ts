import { Model, snakeCaseMappers } from 'objection';
import type { Rotation } from '../../domain/rosters.ts';

/** A clinic's on-call roster. */
export class RosterModel extends Model {
  static override readonly tableName = 'rosters';
  static override readonly columnNameMappers = snakeCaseMappers();
  static override readonly jsonAttributes = ['rotations'];

  declare readonly id: string;
  declare readonly clinicId: string;
  declare readonly name: string;
  declare readonly rotations: readonly Rotation[];
  declare readonly version: number;
  declare readonly createdBy: string | null;
  declare readonly createdAt: Date;
  declare readonly updatedAt: Date;
}

/** Somebody stands in on a roster, between two instants. */
export class RosterOverride extends Model {
  static override readonly tableName = 'roster_overrides';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly rosterId: string;
  declare readonly personId: string;
  declare readonly insteadOf: string | null;
  declare readonly startsAt: Date;
  declare readonly endsAt: Date;
  declare readonly createdBy: string | null;
}
