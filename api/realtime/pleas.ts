import { asWritten } from '../crisis/as-written.ts';
import { anyBody, idIn } from '../crisis/read-body.ts';
import type { Connection } from './connection.ts';
import type { Cries } from './cries.ts';
import type { EventAnswer } from './event-call.ts';

type Call = (payloads: readonly unknown[]) => Promise<EventAnswer>;

interface Waiting {
  /** By how they are written: what is said twice is kept once. */
  readonly payloads: Map<string, unknown>;
  readonly answer: Promise<EventAnswer>;
}

/**
 * Calls for help beyond what their sender may send. Of those that name the same session one waits:
 * what comes meanwhile becomes part of it, and shares its answer.
 */
export class Pleas {
  readonly #cries: Cries;
  readonly #waiting = new WeakMap<Connection, Map<string | null, Waiting>>();

  constructor(cries: Cries) {
    this.#cries = cries;
  }

  /** Its turn comes between the events of others; until its answer it counts as waiting. */
  whenFree(connection: Connection, payload: unknown, call: Call): Promise<EventAnswer> {
    const waiting = this.#waiting.get(connection) ?? new Map<string | null, Waiting>();
    this.#waiting.set(connection, waiting);
    const sessionId = idIn(anyBody(payload)['sessionId']);
    const known = waiting.get(sessionId);
    if (known !== undefined) {
      known.payloads.set(asWritten(payload), payload);
      return known.answer;
    }
    const payloads = new Map([[asWritten(payload), payload]]);
    const { promise: answer, resolve } = Promise.withResolvers<EventAnswer>();
    waiting.set(sessionId, { payloads, answer });
    this.#cries.whenFree(connection, () => {
      waiting.delete(sessionId);
      resolve(counted(connection, call([...payloads.values()])));
    });
    return answer;
  }
}

async function counted<Result>(connection: Connection, work: Promise<Result>): Promise<Result> {
  connection.waiting += 1;
  try {
    return await work;
  } finally {
    connection.waiting -= 1;
  }
}
