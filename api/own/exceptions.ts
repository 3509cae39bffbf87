import { auditRead } from '../../db/audit/record.ts';
import { deleteException, listExceptions } from '../../db/availability-exceptions.ts';
import { findTherapist } from '../../db/therapists.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { DateException } from '../../domain/availability.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { readDate } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce, mayManageExceptions } from '../access/clinic-access.ts';
import type { Target } from '../access/denials.ts';
import {
  type ClearException,
  createException,
  noSuchTherapist,
  openReasons,
} from '../availability/exceptions.ts';
import type { Answer, Call } from '../http/handler.ts';
import { type PageQuery, pageOf, readCursor } from './paging.ts';

export interface ExceptionQuery extends PageQuery {
  readonly from?: string;
  readonly to?: string;
}

export interface ExceptionBody {
  readonly kind: DateException['kind'];
  readonly startDate: string;
  readonly endDate?: string;
  readonly startMinute?: number;
  readonly endMinute?: number;
  readonly reason?: string;
  readonly confirm?: boolean;
  readonly sessionIds?: readonly string[];
}

/** GET /api/v1/therapists/{id}/exceptions */
export async function listAvailabilityExceptions(
  call: Call<unknown, ExceptionQuery>,
): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'exception.list', objectType: 'exception', objectId: null };
  const therapistId = await requireAccess(call, target);
  const found = await listExceptions(deps.knex, {
    therapistId,
    from: readFilter('from', query.from),
    to: readFilter('to', query.to),
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  const exceptions = await openReasons(call, found);
  const entry = { ...target, subjectId: therapistId };
  await auditRead(deps.knex, auditContext(principal, requestId), entry);
  return { status: 200, body: pageOf(exceptions, query.limit, present) };
}

/** POST /api/v1/therapists/{id}/exceptions */
export async function createAvailabilityException(call: Call<ExceptionBody>): Promise<Answer> {
  const { body, newId } = call;
  const target = { action: 'exception.create', objectType: 'exception', objectId: newId };
  const therapistId = await requireAccess(call, target);
  const exception = await createException(call, {
    therapistId,
    kind: body.kind,
    startDate: body.startDate,
    endDate: body.endDate ?? body.startDate,
    startMinute: body.startMinute ?? null,
    endMinute: body.endMinute ?? null,
    reason: body.reason ?? null,
    confirmed: body.confirm === true ? (body.sessionIds ?? []) : null,
  });
  return { status: 201, body: present(exception) };
}

/** DELETE /api/v1/therapists/{id}/exceptions/{exceptionId} */
export async function deleteAvailabilityException(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const id = call.params['exceptionId']!;
  const target = { action: 'exception.delete', objectType: 'exception', objectId: id };
  const therapistId = await requireAccess(call, target);
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    const deleted = await deleteException(trx, therapistId, id);
    if (deleted === null) throw new HoldfastError('not_found', 'There is no such exception');
    audit({ ...target, subjectId: therapistId, changes: { kind: deleted.kind } });
  });
  return { status: 204 };
}

/** The therapist of the path, where the caller may see to their calendar. */
async function requireAccess(call: Call, target: Target): Promise<string> {
  const therapistId = call.params['id']!;
  await enforce(call, mayManageExceptions(call.principal, therapistId), target);
  const therapist = await findTherapist(call.deps.knex, call.principal.clinicId, therapistId);
  if (therapist === null) throw noSuchTherapist();
  return therapist.id;
}

function readFilter(field: string, date: string | undefined): string | null {
  if (date === undefined || readDate(date) !== null) return date ?? null;
  throw new HoldfastError('malformed_request', `${field} must be a date`, {
    fields: [{ field, message: 'must be a date, YYYY-MM-DD' }],
  });
}

function present(exception: ClearException): Record<string, unknown> & { readonly id: string } {
  return {
    id: exception.id,
    therapistId: exception.therapistId,
    kind: exception.kind,
    startDate: exception.startDate,
    endDate: exception.endDate,
    startMinute: exception.startMinute,
    endMinute: exception.endMinute,
    reason: exception.reason,
    createdAt: exception.createdAt.toISOString(),
  };
}
