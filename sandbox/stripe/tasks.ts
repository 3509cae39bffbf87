import type { Task, TaskKind } from './records.ts';
import type { Store } from './store.ts';

const LONGEST_WAIT_MS = 60_000;

export type TaskHandlers = Record<TaskKind, (subject: string) => void>;

/** What the bank does later; kept in the store, so that a restart forgets none of it. */
export class TaskQueue {
  readonly #store: Store;
  readonly #nowMs: () => number;
  readonly #handlers: TaskHandlers;
  readonly #afterwards: () => void;
  #nextDueMs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(store: Store, nowMs: () => number, handlers: TaskHandlers, afterwards: () => void) {
    this.#store = store;
    this.#nowMs = nowMs;
    this.#handlers = handlers;
    this.#afterwards = afterwards;
  }

  /** Within a transaction; call `runDue` after it. */
  schedule(kind: TaskKind, subject: string, dueMs: number): void {
    this.#store.put('tasks', `${kind}:${subject}`, { kind, subject, dueMs });
    this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
  }

  unschedule(kind: TaskKind, subject: string): void {
    this.#store.delete('tasks', `${kind}:${subject}`);
  }

  /** Does what is due by the clock and sets the alarm for the rest. */
  runDue(): void {
    if (this.#closed) return;
    if (this.#nowMs() >= this.#nextDueMs) this.rescan();
    else this.#setAlarm();
  }

  /** Looks at every task, for example after a start or after the clock was moved. */
  rescan(): void {
    for (let due = this.#due(); due.length > 0; due = this.#due()) {
      for (const task of due) this.#run(task);
      this.#afterwards();
    }
    this.#nextDueMs = Math.min(Infinity, ...this.#store.all('tasks').map((task) => task.dueMs));
    this.#setAlarm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #due(): Task[] {
    const now = this.#nowMs();
    const due = this.#store.all('tasks').filter((task) => task.dueMs <= now);
    return due.toSorted((a, b) => a.dueMs - b.dueMs);
  }

  #run(task: Task): void {
    this.#store.transaction(() => {
      this.unschedule(task.kind, task.subject);
      this.#handlers[task.kind](task.subject);
    });
  }

  #setAlarm(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#nextDueMs === Infinity) return;
    const waitMs = Math.max(0, this.#nextDueMs - this.#nowMs());
    this.#timer = setTimeout(() => this.runDue(), Math.min(waitMs, LONGEST_WAIT_MS));
    this.#timer.unref();
  }
}
