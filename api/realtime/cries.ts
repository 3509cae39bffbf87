import { setImmediate } from 'node:timers/promises';
import { severityRank } from '../../domain/escalation-policy.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { knownClinic } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { raiseAlert } from '../crisis/intake.ts';
import type { Raised } from '../crisis/intake.ts';
import { writeWords } from '../crisis/report-words.ts';
import type { ReportWords } from '../crisis/report-words.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import type { Connection } from './connection.ts';

/** How long others wait for the reading of what was refused, at a time, ms. */
const SLICE_MS = 3;
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

interface Heard {
  readonly principal: Principal;
  readonly words: unknown;
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
  readonly #unread: Heard[] = [];
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, Waiting>();
  #isReading = false;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  /** Reads words that go nowhere else, and calls a human where they ask for one. */
  hear({ holder }: Connection, words: unknown): void {
    if (holder === null) return;
    this.#unread.push({ principal: holder.principal, words });
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#readAll().finally(() => {
      this.#isReading = false;
    });
  }

  /** Raises an alert, or adds to the one that is open. Throws as `raiseAlert` does. */
  async raise(principal: Principal, cry: Cry): Promise<Raised> {
    const key = `${principal.personId} ${cry.personId}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.cry = together(waiting.cry, cry);
      return waiting.raised;
    }
    const running = this.#running.get(key);
    if (running === undefined) return this.#send(key, principal, cry);
    const next: Waiting = {
      cry,
      raised: running.then(() => {
        this.#waiting.delete(key);
        return this.#send(key, principal, next.cry);
      }),
    };
    this.#waiting.set(key, next);
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

  async #readAll(): Promise<void> {
    while (this.#unread.length > 0) {
      const untilMs = performance.now() + SLICE_MS;
      while (this.#unread.length > 0 && performance.now() < untilMs) {
        this.#read(this.#unread.shift()!);
      }
      await setImmediate();
    }
  }

  #read({ principal, words }: Heard): void {
    const { severity, type } = screenWords(words);
    if (severity === null || type === null) return;
    const { personId } = principal;
    const description = JSON.stringify(words).slice(0, LONGEST_WORDS);
    const cry = { personId, sessionId: null, severity, type, words: { description } };
    this.raise(principal, cry).catch((error: unknown) =>
      this.#deps.log.error({ personId, error: safely(error) }, 'a cry for help was not taken in'),
    );
  }
}

function together(one: Cry, other: Cry): Cry {
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
