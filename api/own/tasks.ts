import { auditRead } from '../../db/audit/record.ts';
import { completeTask as completeInDatabase, listTasks as listInDatabase } from '../../db/tasks.ts';
import type { Task } from '../../db/tasks.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { FieldRef } from '../../crypto/field-cipher.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce, maySeeTasks } from '../access/clinic-access.ts';
import { auditContext } from '../access/audit-context.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export interface TaskQuery extends PageQuery {
  readonly state?: 'open' | 'done';
  readonly kind?: string;
  readonly sessionId?: string;
}

export interface TaskDoneBody {
  readonly note?: string | null;
}

function placeOfNote(taskId: string): FieldRef {
  return { purpose: 'task', objectId: taskId, column: 'note' };
}

/** GET /api/v1/tasks */
export async function listTasks(call: Call<unknown, TaskQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const target = { action: 'task.list', objectType: 'task', objectId: null };
  await enforce(call, maySeeTasks(principal), target);
  const tasks = await listInDatabase(deps.knex, {
    clinicId: principal.clinicId,
    state: query.state ?? null,
    kind: query.kind ?? null,
    sessionId: query.sessionId ?? null,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  const notes = await openNotes(call, tasks.slice(0, query.limit));
  await auditRead(deps.knex, auditContext(call.principal, call.requestId), target);
  return {
    status: 200,
    body: pageOf(tasks, query.limit, (task) => present(task, notes.get(task.id) ?? null)),
  };
}

/** POST /api/v1/tasks/{id}/done */
export async function completeTask(call: Call<TaskDoneBody | undefined>): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const target = { action: 'task.complete', objectType: 'task', objectId: id };
  await enforce(call, maySeeTasks(principal), target);
  const text = call.body?.note ?? '';
  const task = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      audit(target);
      const note = text === '' ? null : await deps.cipher.sealField(trx, placeOfNote(id), text);
      const { clinicId, personId } = principal;
      return (await completeInDatabase(trx, { id, clinicId, doneBy: personId, note })).task;
    },
  );
  const notes = await openNotes(call, [task]);
  return { status: 200, body: present(task, notes.get(id) ?? null) };
}

async function openNotes(call: Call, tasks: readonly Task[]): Promise<Map<string, string>> {
  const sealed = tasks.flatMap(({ id, note }) =>
    note === null ? [] : [{ id, ref: placeOfNote(id), sealed: note }],
  );
  const texts = await call.deps.cipher.openFields(call.deps.knex, sealed);
  return new Map(sealed.map(({ id }, at) => [id, texts[at] ?? '']));
}

function present(task: Task, note: string | null): Record<string, unknown> {
  return {
    id: task.id,
    kind: task.kind,
    state: task.state,
    sessionId: task.sessionId,
    paymentId: task.paymentId,
    data: task.data,
    note,
    createdAt: task.createdAt.toISOString(),
    doneAt: task.doneAt?.toISOString() ?? null,
    doneBy: task.doneBy,
  };
}
