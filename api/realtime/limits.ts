import type { Connection } from './connection.ts';
import type { ClientEvent } from './client-event.ts';
import type { Live } from './live.ts';

export type Verdict = 'admitted' | 'refused' | 'ignored';

/** Whoever is refused so often has no client but a flood. */
const MOST_REFUSALS = 300;
/** What may carry a cry for help is waited for longer: only who can't be made to wait is sent away. */
const MOST_UNHEARD = 2_000;
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5_000;

/**
 * Whether an event is within what a socket, and all sockets of its person, may send. Beyond it the
 * socket is read from no more for a while, so that a flood waits at its own end; what may carry a
 * cry for help is looked at all the same, and a call for help is never refused.
 */
export function admit(
  live: Live,
  connection: Connection,
  event: ClientEvent | undefined,
  payload: unknown,
): Verdict {
  const nowMs = performance.now();
  const isWithin = connection.budget.take(nowMs);
  const isPersonWithin = connection.holder?.person.budget.take(nowMs) ?? true;
  if (isWithin && isPersonWithin) return 'admitted';
  connection.refusals += 1;
  pauseReading(connection);
  if (event?.isUrgent === true) return 'admitted';
  if (event?.criesForHelp === true) live.cries.hear(connection, payload);
  if (event?.isQuiet === true) return 'ignored';
  const most = event?.criesForHelp === true ? MOST_UNHEARD : MOST_REFUSALS;
  if (connection.refusals < most) return 'refused';
  if (connection.refusals === most) {
    const personId = connection.holder?.principal.personId ?? null;
    live.deps.log.warn({ personId }, 'a socket sent too much');
  }
  connection.socket.disconnect(true);
  return 'ignored';
}

interface Pausable {
  pause(): void;
  resume(): void;
}

/** Stops reading from the network; what was sent stays in the sender's buffers. */
function pauseReading(connection: Connection): void {
  if (connection.isPaused) return;
  const stream = streamOf(connection);
  if (stream === null) return;
  connection.isPaused = true;
  stream.pause();
  const pauseMs = Math.min(FIRST_PAUSE_MS * (1 + connection.refusals / 60), LAST_PAUSE_MS);
  setTimeout(() => {
    connection.isPaused = false;
    stream.resume();
  }, pauseMs).unref();
}

/** The WebSocket beneath; polling has none, and asks one request at a time. */
function streamOf({ socket }: Connection): Pausable | null {
  const stream: unknown = Reflect.get(socket.conn.transport, 'socket');
  if (typeof stream !== 'object' || stream === null) return null;
  return 'pause' in stream && 'resume' in stream ? (stream as Pausable) : null;
}
