import { Model, snakeCaseMappers } from 'objection';

/** Hours of one therapist that come back every week, minutes of the day in the therapist's zone. */
export class AvailabilityRuleModel extends Model {
  static override tableName = 'availability_rules';
  static override columnNameMappers = snakeCaseMappers();

  declare id: string;
  declare therapistId: string;
  /** 0 is Sunday. */
  declare dayOfWeek: number;
  declare startMinute: number;
  declare endMinute: number;
  declare isAvailable: boolean;
  /** Sealed. */
  declare notes: Buffer | null;
  declare createdAt: Date;
  declare updatedAt: Date;
}
