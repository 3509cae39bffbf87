import type { Knex } from 'knex';
import type { FieldRef } from '../../crypto/field-cipher.ts';
import {
  type AvailabilityRule,
  type AvailabilityRuleChange,
  deleteRule,
  findRule,
  insertRule,
  listRules,
  updateRule,
} from '../../db/availability-rules.ts';
import { findTherapist } from '../../db/therapists.ts';
import { type RecordAudit, inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce, mayKeepWeeklyHours } from '../access/clinic-access.ts';
import type { Call } from '../http/handler.ts';

/** Hours that come back every week, with their notes in clear. */
export type WeeklyHours = Omit<AvailabilityRule, 'notes'> & { readonly notes: string | null };

export interface NewWeeklyHours {
  /** 0 is Sunday, 6 Saturday. */
  readonly dayOfWeek: number;
  /** Minutes of the day in the therapist's zone; the end is exclusive and up to 1440. */
  readonly startMinute: number;
  readonly endMinute: number;
  readonly notes: string | null;
}

/** Left out means unchanged. */
export type WeeklyHoursChange = Partial<NewWeeklyHours> & { readonly isAvailable?: boolean };

/** The caller's own weekly hours, Sunday first. Throws `forbidden` for all but therapists. */
export async function listWeeklyHours(call: Call): Promise<WeeklyHours[]> {
  await requireTherapist(call, 'availability.list', null);
  const rules = await listRules(call.deps.knex, call.principal.personId);
  return openNotes(call, rules);
}

/** Throws `forbidden`, `invalid_time`, or `availability_overlap`. */
export async function createWeeklyHours(call: Call, hours: NewWeeklyHours): Promise<WeeklyHours> {
  const { principal, newId: id } = call;
  await requireTherapist(call, 'availability.create', id);
  if (hours.startMinute >= hours.endMinute) throw backwards();
  const rule = await changing(call, 'availability.create', id, async (trx) => {
    const notes = await sealNotes(call, trx, id, hours.notes);
    return insertRule(trx, {
      ...hours,
      id,
      notes,
      therapistId: principal.personId,
      isAvailable: true,
    });
  });
  return only(await openNotes(call, [rule]));
}

/** Throws `not_found`, `forbidden` for another's hours, `invalid_time`, or `availability_overlap`. */
export async function changeWeeklyHours(
  call: Call,
  id: string,
  change: WeeklyHoursChange,
): Promise<WeeklyHours> {
  const { therapistId } = await requireOwn(call, 'availability.change', id);
  const { notes: text, ...others } = change;
  const rule = await changing(call, 'availability.change', id, async (trx) => {
    const known: AvailabilityRuleChange =
      text === undefined ? others : { ...others, notes: await sealNotes(call, trx, id, text) };
    return updateRule(trx, therapistId, id, known);
  });
  return only(await openNotes(call, [rule]));
}

/** Sessions that were booked in these hours stay. Throws `not_found`, or `forbidden` for another's. */
export async function removeWeeklyHours(call: Call, id: string): Promise<void> {
  const { therapistId } = await requireOwn(call, 'availability.remove', id);
  await changing(call, 'availability.remove', id, (trx) => deleteRule(trx, therapistId, id));
}

async function requireTherapist(call: Call, action: string, id: string | null): Promise<void> {
  const { principal, deps } = call;
  const target = { action, objectType: 'availability', objectId: id };
  await enforce(call, mayKeepWeeklyHours(principal, principal.personId), target);
  const therapist = await findTherapist(deps.knex, principal.clinicId, principal.personId);
  await enforce(call, therapist === null ? 'forbidden' : 'allowed', target);
}

async function requireOwn(call: Call, action: string, id: string): Promise<AvailabilityRule> {
  const { principal, deps } = call;
  const target = { action, objectType: 'availability', objectId: id };
  await requireTherapist(call, action, id);
  const rule = isUuid(id) ? await findRule(deps.knex, principal.clinicId, id) : null;
  if (rule === null) throw new HoldfastError('not_found', 'There are no such hours');
  await enforce(call, mayKeepWeeklyHours(principal, rule.therapistId), target);
  return rule;
}

/** A change with its audit row; the database itself tells of it. */
function changing<T>(
  call: Call,
  action: string,
  id: string,
  work: (trx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  const context = auditContext(call.principal, call.requestId);
  return inTransaction(
    call.deps.knex,
    context,
    async (trx: Knex.Transaction, audit: RecordAudit) => {
      const result = await work(trx);
      audit({ action, objectType: 'availability', objectId: id });
      return result;
    },
  );
}

/** All of a therapist's notes are under one key, so that a list needs only one. */
function notesRef(therapistId: string, ruleId: string): FieldRef {
  return { purpose: 'availability', objectId: therapistId, column: 'notes', rowId: ruleId };
}

async function sealNotes(
  call: Call,
  trx: Knex.Transaction,
  id: string,
  text: string | null,
): Promise<Buffer | null> {
  if (text === null) return null;
  return call.deps.cipher.sealField(trx, notesRef(call.principal.personId, id), text);
}

async function openNotes(call: Call, rules: readonly AvailabilityRule[]): Promise<WeeklyHours[]> {
  const { cipher, knex } = call.deps;
  const sealed = rules.flatMap(({ id, therapistId, notes }) =>
    notes === null ? [] : [{ ref: notesRef(therapistId, id), sealed: notes }],
  );
  const texts = await cipher.openFields(knex, sealed);
  const byId = new Map(sealed.map(({ ref }, at) => [ref.rowId, texts[at] ?? null]));
  return rules.map((rule) => ({ ...rule, notes: byId.get(rule.id) ?? null }));
}

function only<T>([item]: readonly T[]): T {
  if (item === undefined) throw new TypeError('There is exactly one');
  return item;
}

function backwards(): HoldfastError {
  const fields = [{ field: 'endTime', message: 'must be after startTime' }];
  return new HoldfastError('invalid_time', 'The hours must start before they end', { fields });
}
