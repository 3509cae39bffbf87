import { setTimeout as sleep } from 'node:timers/promises';
import { severityRank } from '../../domain/escalation-policy.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { knownClinic } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { asWritten } from '../crisis/as-written.ts';
import { raiseAlert } from '../crisis/intake.ts';
import type { Raised } from '../crisis/intake.ts';
import { writeWords } from '../crisis/report-words.ts';
import type { ReportWords } from '../crisis/report-words.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import type { Connection } from './connection.ts';

/** How long others wait for what one sender sends too often, at a time, ms. */
const SLICE_MS = 1;
/** Of ten parts of the time, nine are for the others. */
const REST = 9;
const LONGEST_WORDS = 20_000;

/** A call for a human, about somebody. */
export interface Cry {
  /** Whose trouble it is. */
  readonly personId: string;
  readonly sessionId: string | null;
  readonly severity: AlertSeverity;
  readonly type: string;
  readonly words: ReportWords;
}

/** The call that waits while another of the same sender is on its way. */
interface Waiting {
  cry: Cry;
  readonly raised: Promise<Raised>;
}

/**
 * Calls for help over sockets. Those of one sender about one person go out one at a time: what comes
 * meanwhile becomes one call, by the gravest of them. What limits refuse and what is malformed is
 * read in slices between the events of others.
 */
export class Cries {
  readonly #deps: ApiDeps;
  readonly #waiting = new Map<Connection, (() => void)[]>();
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Waiting>();
  #isWorking = false;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  /** Reads words that go nowhere else, and calls a human where they ask for one. */
  hear(connection: Connection, words: unknown): void {
    const principal = connection.holder?.principal;
    if (principal !== undefined) this.whenFree(connection, () => this.#read(principal, words));
  }

  /** Does what one sender asks for too often, in slices between the events of others. */
  whenFree(connection: Connection, work: () => void): void {
    const queue = this.#waiting.get(connection);
    connection.waiting += 1;
    if (queue === undefined) this.#waiting.set(connection, [work]);
    else queue.push(work);
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#workOn().finally(() => {
      this.#isWorking = false;
    });
  }

  /** Raises an alert, or adds to the one that is open. Throws as `raiseAlert` does. */
  async raise(principal: Principal, cry: Cry): Promise<Raised> {
    const key = `${principal.personId} ${cry.personId}`;
    const waiting = this.#next.get(key);
    if (waiting !== undefined) {
      waiting.cry = together(waiting.cry, cry);
      return waiting.raised;
    }
    const running = this.#running.get(key);
    if (running === undefined) return this.#send(key, principal, cry);
    const next: Waiting = {
      cry,
      raised: running.then(() => {
        this.#next.delete(key);
        return this.#send(key, principal, next.cry);
      }),
    };
    this.#next.set(key, next);
    return next.raised;
  }

  #send(key: string, principal: Principal, cry: Cry): Promise<Raised> {
    const { words, ...report } = cry;
    const { personId } = principal;
    const raised = raiseAlert(
      this.#deps,
      {
        ...report,
        clinicId: knownClinic(principal),
        source: 'socket',
        messageId: null,
        reportedBy: personId,
        words: writeWords(words),
      },
      { principal, requestId: key.slice(0, 36) },
    );
    const ended: Promise<void> = raised.then(
      () => this.#forget(key, ended),
      () => this.#forget(key, ended),
    );
    this.#running.set(key, ended);
    return raised;
  }

  #forget(key: string, ended: Promise<unknown>): void {
    if (this.#running.get(key) === ended) this.#running.delete(key);
  }

  async #workOn(): Promise<void> {
    while (this.#waiting.size > 0) {
      const fromMs = performance.now();
      while (this.#waiting.size > 0 && performance.now() < fromMs + SLICE_MS) this.#doNext();
      await sleep((performance.now() - fromMs) * REST);
    }
  }

  /** One of each sender in turn: a flood of one holds up no other's. */
  #doNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [connection, queue] = next;
    this.#waiting.delete(connection);
    const work = queue.shift();
    if (queue.length > 0) this.#waiting.set(connection, queue);
    connection.waiting -= 1;
    work?.();
  }

  #read(principal: Principal, words: unknown): void {
    const { severity, type } = screenWords(words);
    if (severity === null) return;
    const { personId } = principal;
    const description = asWritten(words).slice(0, LONGEST_WORDS);
    const cry = { personId, sessionId: null, severity, type, words: { description } };
    this.raise(principal, cry).catch((error: unknown) =>
      this.#deps.log.error({ personId, error: safely(error) }, 'a cry for help was not taken in'),
    );
  }
}

/** Two about the same person as one, by the graver of them, with the words of both. */
export function together(one: Cry, other: Cry): Cry {
  const [graver, milder] =
    severityRank(other.severity) > severityRank(one.severity) ? [other, one] : [one, other];
  const texts = [one, other].map(({ words }) => words.description).filter((text) => text !== null);
  const description = texts.length === 0 ? null : [...new Set(texts)].join('\n');
  return {
    ...graver,
    sessionId: graver.sessionId ?? milder.sessionId,
    words: {
      ...milder.words,
      ...graver.words,
      description: description?.slice(0, LONGEST_WORDS) ?? null,
    },
  };
}
