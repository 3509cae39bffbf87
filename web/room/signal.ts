import { type Socket, io } from 'socket.io-client';

/** A refusal that the room gave, by its code. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;
  /** How long to wait before asking again; null where whoever refused did not say. */
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

const ANSWER_WITHIN_MS = 10_000;
/** A host that takes connections and says nothing is about to lose its rooms to another. */
const CONNECT_WITHIN_MS = 4_000;

/** One connection to a room's host: questions with answers, and what the room tells by itself. */
export class Signal {
  readonly #socket: Socket;

  constructor(url: string, token: string) {
    this.#socket = io(url, {
      auth: { token },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      timeout: CONNECT_WITHIN_MS,
    });
  }

  on<T>(event: string, listener: (body: T) => void): void {
    this.#socket.on(event, (body: T) => listener(body));
  }

  /** Called once with the reason when the connection could not be made, or has ended. */
  onEnd(listener: (reason: { readonly code: string; readonly message: string }) => void): void {
    let isOver = false;
    const end = (code: string, message: string): void => {
      if (isOver) return;
      isOver = true;
      listener({ code, message });
    };
    this.#socket.on('connect_error', (error: Error & { data?: { error?: string } }) => {
      end(error.data?.error ?? 'UNREACHABLE', error.message);
      this.#socket.close();
    });
    this.#socket.on('disconnect', (reason) => end('DISCONNECTED', reason));
  }

  open(): void {
    this.#socket.connect();
  }

  close(): void {
    this.#socket.close();
  }

  /** Asks the room and resolves to its answer. Rejects with {@link Refused}. */
  async ask<T = unknown>(event: string, body: object = {}): Promise<T> {
    const answer: unknown = await this.#socket
      .timeout(ANSWER_WITHIN_MS)
      .emitWithAck(event, body)
      .catch(() => {
        throw new Refused('NO_ANSWER', 'The room does not answer.');
      });
    const { success, error, message } = answer as {
      success: boolean;
      error?: string;
      message?: string;
    };
    if (!success) throw new Refused(error ?? 'INTERNAL', message ?? 'The room refused.');
    return answer as T;
  }
}
