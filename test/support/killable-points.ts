import type { Knex } from 'knex';
import type { CoreActivityDeps } from '../../workers/core/activities.ts';

/** Where a process can be made to kill itself. */
export type KillPoint =
  | 'before_workflow_start'
  | 'after_workflow_start'
  | 'before_alert_start'
  | 'hold_noted'
  | 'before_capture'
  | 'authorised_at_provider'
  | 'captured_at_provider'
  | 'text_accepted'
  | 'start_due'
  | 'start_recorded'
  | 'refunded_at_provider';

/** No handler runs and no buffer is flushed: as when the machine loses its power. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal may take a moment; nothing else may happen in it.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

/** The worker's dependencies, one of which is deadly at the point. */
export function deadlyAt(point: string, deps: CoreActivityDeps): CoreActivityDeps {
  const { cards, sms, knex } = deps;
  switch (point) {
    case 'before_capture':
      return { ...deps, cards: { ...cards, captureIntent: async () => die() } };
    case 'authorised_at_provider':
      return { ...deps, cards: { ...cards, confirmIntent: thenDie(cards.confirmIntent) } };
    case 'captured_at_provider':
      return { ...deps, cards: { ...cards, captureIntent: thenDie(cards.captureIntent) } };
    case 'refunded_at_provider':
      return { ...deps, cards: { ...cards, createRefund: thenDie(cards.createRefund) } };
    case 'text_accepted':
      return { ...deps, sms: { ...sms, sendSms: thenDie(sms.sendSms) } };
    case 'hold_noted':
      onQuery(knex, 'query-response', ({ sql }) => sql.includes('workflow_started_at = coalesce'));
      return deps;
    case 'start_due':
      onQuery(knex, 'query', isStart);
      return deps;
    case 'start_recorded':
      // The step is one statement, which is committed by the time that it is answered.
      onQuery(knex, 'query-response', isStart);
      return deps;
    default:
      throw new Error(`There is no point ${point} in a worker.`);
  }
}

/** Starting a workflow, which the API does once for each booking and each alert, made deadly. */
export function deadlyStart<T extends Act>(point: string, start: T): T {
  const isBefore = point === 'before_workflow_start' || point === 'before_alert_start';
  if (isBefore) return (async () => die()) as unknown as T;
  if (point === 'after_workflow_start') return thenDie(start);
  throw new Error(`There is no point ${point} in the API.`);
}

type Act = (...args: never[]) => Promise<unknown>;

function thenDie<T extends Act>(act: T): T {
  async function deadly(this: unknown, ...args: Parameters<T>): Promise<never> {
    await act.apply(this, args);
    return die();
  }
  return deadly as unknown as T;
}

interface Query {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
}

/** The step by which a session starts, about to be written. */
function isStart({ sql, bindings }: Query): boolean {
  return sql.includes('UPDATE sessions SET') && bindings?.includes('in_progress') === true;
}

function onQuery(
  knex: Knex,
  event: 'query' | 'query-response',
  isDeadly: (query: Query) => boolean,
): void {
  knex.on(event, (first: unknown, second: unknown) => {
    const query = (event === 'query' ? first : second) as Query;
    if (isDeadly(query)) die();
  });
}
