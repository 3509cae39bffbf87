import { Model, raw, snakeCaseMappers } from 'objection';
import type { ResourceKind } from '../../domain/resources.ts';

/** A hotline or contact of a clinic's list. Dates are `YYYY-MM-DD`. */
export class CrisisResourceModel extends Model {
  static override readonly tableName = 'crisis_resources';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly clinicId: string;
  declare readonly position: number;
  declare readonly kind: ResourceKind;
  declare readonly title: string;
  declare readonly description: string | null;
  declare readonly phone: string | null;
  declare readonly textLine: string | null;
  declare readonly website: string | null;
  declare readonly available: string | null;
  declare readonly languages: readonly string[];
  declare readonly population: string | null;
  declare readonly country: string | null;
  declare readonly location: string | null;
  declare readonly latitude: number | null;
  declare readonly longitude: number | null;
  declare readonly reviewedOn: string | null;
  declare readonly reviewDueOn: string | null;
}

/** The driver makes instants of dates; as text they stay what they are. */
export const RESOURCE_COLUMNS = [
  raw('crisis_resources.*'),
  raw('reviewed_on::text'),
  raw('review_due_on::text'),
];
