import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { HoldfastError } from '../domain/errors.ts';

/** Something that a human has to see to: a failed refund, a dispute, a mismatch. */
export interface Task {
  readonly id: string;
  readonly clinicId: string;
  readonly kind: string;
  readonly sessionId: string | null;
  readonly paymentId: string | null;
  /** Codes, ids and amounts. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly state: 'open' | 'done';
  /** Encrypted. */
  readonly note: Buffer | null;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
  readonly doneBy: string | null;
}

interface TaskRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly kind: string;
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly data: Record<string, unknown>;
  readonly state: 'open' | 'done';
  readonly note: Buffer | null;
  readonly created_at: Date;
  readonly done_at: Date | null;
  readonly done_by: string | null;
}

function taskFrom(row: TaskRow): Task {
  return {
    id: row.id,
    clinicId: row.clinic_id,
    kind: row.kind,
    sessionId: row.session_id,
    paymentId: row.payment_id,
    data: row.data,
    state: row.state,
    note: row.note,
    createdAt: row.created_at,
    doneAt: row.done_at,
    doneBy: row.done_by,
  };
}

export interface TaskFilter {
  readonly clinicId: string;
  readonly state: 'open' | 'done' | null;
  readonly kind: string | null;
  readonly sessionId: string | null;
  readonly after: string | null;
  readonly limit: number;
}

/** A clinic's tasks in the order of their ids, which is that of their making. */
export async function listTasks(db: Knex, filter: TaskFilter): Promise<Task[]> {
  const { rows } = await db.raw<{ rows: TaskRow[] }>(
    `SELECT * FROM tasks
     WHERE clinic_id = :clinicId AND (:state::text IS NULL OR state = :state)
       AND (:kind::text IS NULL OR kind = :kind)
       AND (:sessionId::uuid IS NULL OR session_id = :sessionId)
       AND (:after::uuid IS NULL OR id > :after)
     ORDER BY id LIMIT :limit`,
    { ...filter },
  );
  return rows.map(taskFrom);
}

export interface TaskCompletion {
  readonly clinicId: string;
  readonly id: string;
  readonly doneBy: string;
  /** Encrypted. */
  readonly note: Buffer | null;
}

/** Marks a task done. One that is done stays as it was. Throws `not_found`. */
export async function completeTask(
  trx: Knex.Transaction,
  completion: TaskCompletion,
): Promise<{ task: Task; isNew: boolean }> {
  const { rows } = await trx.raw<{ rows: TaskRow[] }>(
    `UPDATE tasks SET state = 'done', done_at = now(), done_by = :doneBy, note = :note
     WHERE id = :id AND clinic_id = :clinicId AND state = 'open' RETURNING *`,
    { ...completion },
  );
  if (rows[0] !== undefined) return { task: taskFrom(rows[0]), isNew: true };
  const existing = await trx<TaskRow>('tasks')
    .where({ id: completion.id, clinic_id: completion.clinicId })
    .first();
  if (existing === undefined) throw new HoldfastError('not_found', 'There is no such task');
  return { task: taskFrom(existing as TaskRow), isNew: false };
}

export interface NewTask {
  readonly clinicId: string;
  /** Tells one matter from another: the same key never opens two tasks. */
  readonly key: string;
  readonly kind: string;
  readonly sessionId?: string | null;
  readonly paymentId?: string | null;
  /** Codes, ids and amounts; never text that a person typed. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Asks a human to see to something. False when the matter has its task already, open or done. */
export async function openTask(db: Knex, task: NewTask): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `INSERT INTO tasks (id, clinic_id, key, kind, session_id, payment_id, data)
     VALUES (?, ?, ?, ?, ?, ?, ?::jsonb) ON CONFLICT (key) DO NOTHING RETURNING id`,
    [
      newId(),
      task.clinicId,
      task.key,
      task.kind,
      task.sessionId ?? null,
      task.paymentId ?? null,
      JSON.stringify(task.data ?? {}),
    ],
  );
  return rows.length > 0;
}
