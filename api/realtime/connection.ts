import type { Socket } from 'socket.io';
import { HoldfastError } from '../../domain/errors.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import { toFault } from '../http/fault.ts';
import { EventBudget } from './event-budget.ts';
import { CLIENT_EVENTS } from './events.ts';
import type { ClientEvent } from './events.ts';

export type ConnectionDeps = Pick<ApiDeps, 'knex' | 'authenticator' | 'log'>;

const SIGN_IN_WITHIN_MS = 10_000;
const EXPIRY_WARNING_MS = 60_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const BURST = 60;
const EVENTS_PER_SECOND = 20;

type Acknowledge = (answer: Readonly<Record<string, unknown>>) => void;

/** One socket from its handshake to its end: nobody, then a person, until their token ends. */
export class Connection {
  readonly #deps: ConnectionDeps;
  readonly #socket: Socket;
  readonly #budget = new EventBudget(BURST, EVENTS_PER_SECOND, performance.now());
  #principal: Principal | null = null;
  #token: string | null = null;
  #timers: NodeJS.Timeout[] = [];

  constructor(deps: ConnectionDeps, socket: Socket) {
    this.#deps = deps;
    this.#socket = socket;
    this.#after(SIGN_IN_WITHIN_MS, () => socket.disconnect(true));
    socket.use((packet, next) => this.#admit(packet, next));
    socket.on('error', () => undefined);
    socket.on('disconnect', () => this.#clearTimers());
    socket.on('authenticate', (payload: unknown, acknowledge: unknown) =>
      this.#answer(acknowledge, () => this.#authenticate(payload)),
    );
    for (const [name, event] of Object.entries(CLIENT_EVENTS)) {
      socket.on(name, (payload: unknown, acknowledge: unknown) =>
        this.#answer(acknowledge, () => this.#run(event, payload)),
      );
    }
  }

  /** Signs in with the token of the handshake. Throws as the authenticator does. */
  async signIn(token: string): Promise<void> {
    const principal = await this.#deps.authenticator.authenticate(token);
    const { personId, expiresAt } = principal;
    if (this.#principal !== null && this.#principal.personId !== personId) {
      throw new HoldfastError('forbidden', 'This connection belongs to another person');
    }
    this.#principal = principal;
    this.#token = token;
    await this.#socket.join(`person:${personId}`);
    this.#clearTimers();
    const lifeMs = Math.min(expiresAt - Date.now(), MAX_TIMER_MS);
    this.#after(lifeMs - EXPIRY_WARNING_MS, () =>
      this.#socket.emit('token-expiring', { expiresAt }),
    );
    this.#after(lifeMs, () => this.#socket.disconnect(true));
    this.#socket.emit('authenticated', { userId: personId, expiresAt });
  }

  /** Looks again whether the token still holds, when `subject` (null: anything) has changed. */
  async recheck(subject: string | null): Promise<void> {
    const [principal, token] = [this.#principal, this.#token];
    if (principal === null || token === null) return;
    const own = [`person:${principal.personId}`, `family:${principal.familyId}`];
    if (subject !== null && !own.includes(subject)) return;
    try {
      this.#principal = await this.#deps.authenticator.authenticate(token);
    } catch (error) {
      if (toFault(error).status < 500) this.#socket.disconnect(true);
    }
  }

  #admit([name]: unknown[], next: (error?: Error) => void): void {
    if (!this.#budget.take(performance.now())) {
      this.#deps.log.warn(
        { personId: this.#principal?.personId ?? null },
        'a socket sent too much',
      );
      this.#socket.disconnect(true);
      return;
    }
    // Without a token there is one thing to say; the rest is not even answered.
    if (this.#principal !== null || name === 'authenticate') next();
  }

  async #authenticate(payload: unknown): Promise<Record<string, unknown>> {
    const token: unknown =
      typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'token') : null;
    if (typeof token !== 'string') {
      throw new HoldfastError('malformed_request', 'A token is required');
    }
    await this.signIn(token);
    return { userId: this.#principal?.personId };
  }

  async #run(event: ClientEvent, payload: unknown): Promise<Readonly<Record<string, unknown>>> {
    const principal = this.#principal;
    if (principal === null) throw new HoldfastError('unauthenticated', 'A token is required');
    return event({ deps: this.#deps, socket: this.#socket, principal, payload });
  }

  /** Answers the sender alone: through its acknowledgement, or an `error-message` without one. */
  #answer(acknowledge: unknown, work: () => Promise<Readonly<Record<string, unknown>>>): void {
    const reply = typeof acknowledge === 'function' ? (acknowledge as Acknowledge) : null;
    work().then(
      (result) => reply?.({ success: true, ...result }),
      (error: unknown) => {
        const { code, message, status } = toFault(error);
        if (status >= 500) this.#deps.log.error({ code, error: safely(error) }, 'an event failed');
        const refusal = { success: false, error: code.toUpperCase(), message };
        if (reply !== null) reply(refusal);
        else this.#socket.emit('error-message', refusal);
      },
    );
  }

  #after(delayMs: number, act: () => void): void {
    this.#timers.push(setTimeout(act, Math.max(0, delayMs)).unref());
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
