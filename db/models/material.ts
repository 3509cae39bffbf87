import { Model, snakeCaseMappers } from 'objection';

/** Something to read: a text of the clinic's own, or an address elsewhere. */
export class ClinicMaterial extends Model {
  static override readonly tableName = 'materials';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly clinicId: string;
  declare readonly type: string;
  declare readonly title: string;
  declare readonly content: string | null;
  declare readonly url: string | null;
  declare readonly createdBy: string;
  declare readonly createdAt: Date;
}
