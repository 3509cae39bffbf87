import { Model, snakeCaseMappers } from 'objection';

/** What brings an anonymous patient back when their token has ended. */
export class AnonymousSession extends Model {
  static override readonly tableName = 'anonymous_sessions';
  static override readonly idColumn = 'person_id';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly personId: string;
  declare readonly secretHash: Buffer;
  declare readonly createdAt: Date;
  declare readonly lastUsedAt: Date;
}
