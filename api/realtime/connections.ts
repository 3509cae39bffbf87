import { findPeopleInCrisis } from '../../db/open-alerts.ts';
import { findAccessFacts } from '../../db/tokens.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isCrisisTeam } from '../access/crisis-access.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import { toFault } from '../http/fault.ts';
import type { Connection, PersonHere } from './connection.ts';
import { EventBudget } from './event-budget.ts';

export interface ConnectionTimes {
  /** How long a socket may be nobody's, ms. */
  readonly signInWithinMs: number;
  /** How long before its end a token is announced to end, ms. */
  readonly warnBeforeMs: number;
  /** How long somebody in a crisis is kept beyond it, ms. */
  readonly crisisGraceMs: number;
  readonly sweepEveryMs: number;
}

export const CONNECTION_TIMES: ConnectionTimes = {
  signInWithinMs: 10_000,
  warnBeforeMs: 60_000,
  crisisGraceMs: 600_000,
  sweepEveryMs: 1_000,
};

const PERSON_BURST = 200;
const PERSON_EVENTS_PER_SECOND = 80;

/** Told of who comes to this process first and who leaves it last. */
export interface Comings {
  came(personId: string): void;
  left(personId: string): void;
}

/** The sockets of this process and whose they are; one sweep looks after all their deadlines. */
export class Connections {
  readonly #deps: ApiDeps;
  readonly #times: ConnectionTimes;
  readonly #comings: Comings;
  readonly #all = new Map<string, Connection>();
  readonly #people = new Map<string, PersonHere>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | null = null;

  constructor(deps: ApiDeps, times: ConnectionTimes, comings: Comings) {
    this.#deps = deps;
    this.#times = times;
    this.#comings = comings;
    this.#timer = setInterval(() => this.#begin(), times.sweepEveryMs).unref();
    deps.authenticator.onChange((subject) => {
      for (const connection of this.#all.values()) void this.#recheck(connection, subject);
    });
  }

  add(connection: Connection): void {
    this.#all.set(connection.socket.id, connection);
  }

  get(socketId: string): Connection | undefined {
    return this.#all.get(socketId);
  }

  ofPerson(personId: string): Iterable<Connection> {
    return this.#people.get(personId)?.connections ?? [];
  }

  remove(connection: Connection): void {
    this.#all.delete(connection.socket.id);
    const person = connection.holder?.person;
    if (person === undefined || !person.connections.delete(connection)) return;
    if (person.connections.size > 0) return;
    this.#people.delete(person.personId);
    this.#comings.left(person.personId);
  }

  /** Signs a socket in, or renews it in place. Throws as the authenticator does. */
  async signIn(connection: Connection, token: string): Promise<Principal> {
    const principal = await this.#deps.authenticator.authenticate(token);
    const { socket, holder } = connection;
    const { personId } = principal;
    if (holder !== null && holder.principal.personId !== personId) {
      throw new HoldfastError('forbidden', 'This connection belongs to another person');
    }
    if (this.#all.get(socket.id) !== connection) return principal;
    connection.isWarned = false;
    connection.holder = { principal, token, person: this.#personOf(principal) };
    connection.holder.person.connections.add(connection);
    await socket.join(`person:${personId}`);
    await this.#placeInTeam(connection, principal);
    return principal;
  }

  /** What has to be done with before the process may end. */
  track(work: Promise<unknown>): void {
    this.#running.add(work);
    const forget = (): unknown => this.#running.delete(work);
    work.then(forget, forget);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
    await Promise.allSettled(this.#running);
  }

  #personOf(principal: Principal): PersonHere {
    const { personId } = principal;
    const known = this.#people.get(personId);
    if (known !== undefined) return known;
    const budget = new EventBudget(PERSON_BURST, PERSON_EVENTS_PER_SECOND, performance.now());
    const person = { personId, connections: new Set<Connection>(), budget };
    this.#people.set(personId, person);
    this.#comings.came(personId);
    return person;
  }

  async #placeInTeam({ socket }: Connection, principal: Principal): Promise<void> {
    const room = `crisis:${principal.clinicId}`;
    if (isCrisisTeam(principal)) await socket.join(room);
    else if (socket.rooms.has(room)) await socket.leave(room);
  }

  /** Looks again whether the token still holds, when `subject` (null: anything) has changed. */
  async #recheck(connection: Connection, subject: string | null): Promise<void> {
    const { holder, socket } = connection;
    if (holder === null) return;
    const { personId, familyId } = holder.principal;
    const isOwn = subject === `person:${personId}` || subject === `family:${familyId}`;
    if (subject !== null && !isOwn) return;
    try {
      if (holder.principal.expiresAt <= Date.now()) {
        if (!(await this.#isStillHeld(holder.principal))) socket.disconnect(true);
        return;
      }
      const principal = await this.#deps.authenticator.authenticate(holder.token);
      if (connection.holder !== holder) return;
      connection.holder = { ...holder, principal };
      await this.#placeInTeam(connection, principal);
    } catch (error) {
      if (toFault(error).status < 500) socket.disconnect(true);
    }
  }

  /** Of a token in its grace the time alone is over: a suspension or a sign-out ends it at once. */
  async #isStillHeld({ personId, familyId }: Principal): Promise<boolean> {
    if (familyId === null) return false;
    const facts = await findAccessFacts(this.#deps.knex, personId, familyId);
    return facts !== null && !facts.isSuspended && !facts.isFamilyDead;
  }

  #begin(): void {
    this.#sweeping ??= this.#sweep(Date.now())
      .catch((error: unknown) =>
        this.#deps.log.warn({ error: safely(error) }, 'who is in a crisis could not be looked up'),
      )
      .finally(() => {
        this.#sweeping = null;
      });
  }

  async #sweep(nowMs: number): Promise<void> {
    const { signInWithinMs, warnBeforeMs, crisisGraceMs } = this.#times;
    const expired: Connection[] = [];
    for (const connection of this.#all.values()) {
      const { holder, socket } = connection;
      if (holder === null) {
        if (nowMs - connection.openedAtMs >= signInWithinMs) socket.disconnect(true);
        continue;
      }
      const { expiresAt } = holder.principal;
      if (nowMs >= expiresAt + crisisGraceMs) socket.disconnect(true);
      else if (nowMs >= expiresAt) expired.push(connection);
      if (nowMs >= expiresAt - warnBeforeMs) warn(connection, expiresAt);
    }
    if (expired.length > 0) await this.#closeUnlessInCrisis(expired, nowMs);
  }

  /** When nobody can say whether there is a crisis, there may be one: nobody is closed then. */
  async #closeUnlessInCrisis(expired: readonly Connection[], nowMs: number): Promise<void> {
    const personIds = expired.map(({ holder }) => holder!.principal.personId);
    const inCrisis = await findPeopleInCrisis(this.#deps.knex, personIds);
    for (const { holder, socket } of expired) {
      const isRenewed = holder === null || holder.principal.expiresAt > nowMs;
      if (!isRenewed && !inCrisis.has(holder.principal.personId)) socket.disconnect(true);
    }
  }
}

function warn(connection: Connection, expiresAt: number): void {
  if (connection.isWarned) return;
  connection.isWarned = true;
  connection.socket.emit('token-expiring', { expiresAt });
}
