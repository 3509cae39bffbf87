import { Model } from 'objection';

export type LocationType = 'telehealth' | 'in_person' | 'phone';

/** Where a clinic's sessions take place. */
export class Location extends Model {
  static override tableName = 'locations';
  declare id: string;
  declare clinic_id: string;
  declare name: string;
  declare location_type: LocationType;
  declare address: string | null;
  declare is_active: boolean;
}
