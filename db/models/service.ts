import { Model } from 'objection';

/** Who pays for a session of a service; `insurance` draws on the client's authorisation. */
export type PaidBy = 'client' | 'insurance' | 'clinic' | 'nobody';

/** What a clinic offers: it says how long a session takes, what it costs and who pays. */
export class Service extends Model {
  static override tableName = 'services';
  declare id: string;
  declare clinic_id: string;
  declare name: string;
  declare session_type: string;
  declare duration_minutes: number;
  /** Minor units of the clinic's currency. */
  declare price_cents: number;
  declare paid_by: PaidBy;
  declare is_active: boolean;
}
