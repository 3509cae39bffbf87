import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { isExclusionViolation } from './database-errors.ts';
import { AvailabilityRuleModel } from './models/availability-rule.ts';

/** Weekly hours as they are stored: minutes of the day in the therapist's zone, notes sealed. */
export interface AvailabilityRule {
  readonly id: string;
  readonly therapistId: string;
  /** 0 is Sunday, 6 Saturday. */
  readonly dayOfWeek: number;
  readonly startMinute: number;
  /** Exclusive, up to 1440. */
  readonly endMinute: number;
  readonly isAvailable: boolean;
  readonly notes: Buffer | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewAvailabilityRule = Omit<AvailabilityRule, 'createdAt' | 'updatedAt'>;

/** Left out means unchanged. */
export type AvailabilityRuleChange = Partial<Omit<NewAvailabilityRule, 'id' | 'therapistId'>>;

/** A therapist's weekly hours, Sunday first, switched off ones included. */
export async function listRules(db: Knex, therapistId: string): Promise<AvailabilityRule[]> {
  return AvailabilityRuleModel.query(db)
    .where({ therapist_id: therapistId })
    .orderBy(['day_of_week', 'start_minute', 'id']);
}

/** One rule with the clinic of its therapist; null where there is none of this id. */
export async function findRule(
  db: Knex,
  clinicId: string,
  id: string,
): Promise<AvailabilityRule | null> {
  const rule = await AvailabilityRuleModel.query(db)
    .findById(id)
    .whereExists(
      db('therapist_profiles')
        .whereRaw('person_id = availability_rules.therapist_id')
        .where({ clinic_id: clinicId }),
    );
  return rule ?? null;
}

/**
 * The same id again gives the rule that the first attempt made. Throws `availability_overlap`
 * where the hours overlap others of the day that are switched on.
 */
export async function insertRule(
  trx: Knex.Transaction,
  rule: NewAvailabilityRule,
): Promise<AvailabilityRule> {
  await refusingOverlaps(AvailabilityRuleModel.query(trx).insert(rule).onConflict('id').ignore());
  const stored = await AvailabilityRuleModel.query(trx).findById(rule.id);
  if (stored === undefined) throw noSuchRule();
  return stored;
}

/** Throws `not_found`, `availability_overlap`, or `invalid_time` where the hours end before they start. */
export async function updateRule(
  trx: Knex.Transaction,
  therapistId: string,
  id: string,
  change: AvailabilityRuleChange,
): Promise<AvailabilityRule> {
  const before = await AvailabilityRuleModel.query(trx)
    .findById(id)
    .where({ therapist_id: therapistId })
    .forUpdate();
  if (before === undefined) throw noSuchRule();
  const { startMinute, endMinute } = { ...before, ...change };
  if (startMinute >= endMinute) {
    throw new HoldfastError('invalid_time', 'The hours must start before they end');
  }
  const [after] = await refusingOverlaps(
    AvailabilityRuleModel.query(trx)
      .patch({ ...change, updatedAt: new Date() })
      .where({ id })
      .returning('*'),
  );
  if (after === undefined) throw noSuchRule();
  return after;
}

/** Throws `not_found`. */
export async function deleteRule(
  trx: Knex.Transaction,
  therapistId: string,
  id: string,
): Promise<void> {
  const count = await AvailabilityRuleModel.query(trx)
    .deleteById(id)
    .where({ therapist_id: therapistId });
  if (count === 0) throw noSuchRule();
}

async function refusingOverlaps<T>(work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isExclusionViolation(error)) throw error;
    throw new HoldfastError(
      'availability_overlap',
      'These hours overlap other hours of the same day',
      {},
      error,
    );
  }
}

function noSuchRule(): HoldfastError {
  return new HoldfastError('not_found', 'There are no such hours');
}
