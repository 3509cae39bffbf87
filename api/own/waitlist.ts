import { auditRead } from '../../db/audit/record.ts';
import type { WaitlistWish } from '../../db/models/waitlist-wish.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { findWish, insertWish, listWishes, removeWish } from '../../db/waitlist.ts';
import { isUuid } from '../../domain/ids.ts';
import { writeTimeOfDay } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { isStaff, mayRemoveWish, maySeeWaitlist, mayWait } from '../access/waitlist-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';
import { wishOf } from './waitlist-wish.ts';

export interface WaitlistQuery extends PageQuery {
  readonly state?: WaitlistWish['state'];
}

export interface WishBody {
  readonly therapistId?: string;
  readonly specialization?: string;
  readonly sessionType: string;
  readonly format: SessionFormat;
  readonly durationMinutes?: number;
  readonly timeZone?: string;
  readonly fromDate?: string;
  readonly untilDate: string;
  readonly daysOfWeek?: readonly number[];
  readonly startTime: string;
  readonly endTime: string;
  readonly noticeMinutes: number;
}

/** GET /api/v1/waitlist */
export async function listWaitlist(call: Call<unknown, WaitlistQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const target = { action: 'waitlist.list', objectType: 'waitlist_wish', objectId: null };
  await enforce(call, maySeeWaitlist(principal), target);
  const wishes = await listWishes(deps.knex, {
    clinicId: principal.clinicId,
    clientId: isStaff(principal) ? null : principal.personId,
    state: query.state ?? 'waiting',
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  await auditRead(deps.knex, auditContext(principal, call.requestId), target);
  return { status: 200, body: pageOf(wishes, query.limit, present) };
}

/** POST /api/v1/waitlist */
export async function joinWaitlist(call: Call<WishBody>): Promise<Answer> {
  const { deps, newId, principal } = call;
  const target = { action: 'waitlist.join', objectType: 'waitlist_wish', objectId: newId };
  await enforce(call, mayWait(principal), target);
  const wish = await wishOf(call);
  const context = auditContext(principal, call.requestId);
  const kept = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, subjectId: principal.personId });
    return insertWish(trx, wish);
  });
  return { status: 201, body: present(kept) };
}

/** DELETE /api/v1/waitlist/{id} */
export async function leaveWaitlist(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const target = { action: 'waitlist.leave', objectType: 'waitlist_wish', objectId: id };
  const wish = await findWish(deps.knex, id);
  await enforce(call, mayRemoveWish(principal, wish), target);
  const context = auditContext(principal, call.requestId);
  await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, subjectId: wish?.clientId ?? null });
    await removeWish(trx, id);
  });
  return { status: 204 };
}

function present(wish: WaitlistWish): Record<string, unknown> {
  return {
    id: wish.id,
    clientId: wish.clientId,
    therapistId: wish.therapistId,
    specialization: wish.specialization,
    sessionType: wish.sessionType,
    format: wish.format,
    durationMinutes: wish.durationMinutes,
    timeZone: wish.timeZone,
    fromDate: wish.fromDate,
    untilDate: wish.untilDate,
    daysOfWeek: wish.daysOfWeek,
    startTime: writeTimeOfDay(wish.startMinute),
    endTime: writeTimeOfDay(wish.endMinute),
    noticeMinutes: wish.noticeMinutes,
    state: wish.state,
    createdAt: wish.createdAt.toISOString(),
    endedAt: wish.endedAt?.toISOString() ?? null,
  };
}
