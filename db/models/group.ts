import { Model } from 'objection';
import type { WeeklyTime } from '../../domain/group.ts';
import type { SessionFormat } from '../sessions.ts';

/** What members may read before or after a session. */
export interface Material {
  readonly type: string;
  readonly title: string;
  readonly url: string;
}

/** A therapy group: what its sessions are about and how they are held. Money is minor units. */
export class Group extends Model {
  static override readonly tableName = 'therapy_groups';
  static override get jsonAttributes(): string[] {
    return ['guidelines', 'materials', 'weekly_times'];
  }

  declare id: string;
  declare clinic_id: string;
  declare therapist_id: string;
  declare name: string;
  declare theme: string;
  declare guidelines: readonly string[];
  declare materials: readonly Material[];
  declare format: SessionFormat;
  declare capacity: number;
  declare min_members: number;
  declare decide_before_minutes: number;
  declare duration_minutes: number;
  /** Null for the therapist's rate for groups. */
  declare price_cents: number | null;
  declare joinable_by: 'anyone' | 'clients';
  /** IANA: the zone of the standing times. */
  declare time_zone: string;
  declare weekly_times: readonly WeeklyTime[];
  declare is_active: boolean;
  declare version: number;
  declare created_by: string;
  declare created_at: Date;
  declare updated_at: Date;
}
