import type { ClientEvent } from './client-event.ts';
import type { Connection } from './connection.ts';
import type { Live } from './live.ts';

/** So many events of one socket may wait: a client's mistake, and more is a flood. */
const MOST_WAITING = 300;
/** What may carry a cry for help is waited for longer: only who can't be made to wait is sent away. */
const MOST_UNHEARD = 2_000;
const PAUSE_MS = 250;

/** How long an event waits for its turn, ms; null for one that is passed over. */
export type Wait = number | null;

/**
 * Holds a sender to what a socket, and all sockets of its person, may send. Beyond it events wait,
 * and the socket is read from no more, so that a flood waits at its own end; what may carry a cry
 * for help is read for one at once, and a call for help waits for nothing but the events of others.
 */
export function waitFor(
  live: Live,
  connection: Connection,
  event: ClientEvent | undefined,
  payload: unknown,
): Wait {
  const nowMs = performance.now();
  const { budget, holder } = connection;
  const personBudget = holder?.person.budget;
  const waitMs = Math.max(budget.take(nowMs), personBudget?.take(nowMs) ?? 0);
  if (waitMs === 0) return 0;
  pauseReading(connection);
  if (event?.criesForHelp === true) live.cries.hear(connection, payload);
  const isPassedOver = event?.isQuiet === true;
  if (isPassedOver || event?.isUrgent === true) {
    budget.putBack();
    personBudget?.putBack();
    return isPassedOver ? null : waitMs;
  }
  const most = event?.criesForHelp === true ? MOST_UNHEARD : MOST_WAITING;
  if (connection.waiting < most) return waitMs;
  live.deps.log.warn({ personId: holder?.principal.personId ?? null }, 'a socket sent too much');
  connection.socket.disconnect(true);
  return null;
}

interface Pausable {
  pause(): void;
  resume(): void;
}

/** Stops reading from the network until nothing waits; what was sent stays in the sender's buffers. */
function pauseReading(connection: Connection): void {
  if (connection.isPaused) return;
  const stream = streamOf(connection);
  if (stream === null) return;
  connection.isPaused = true;
  stream.pause();
  const look = (): void => {
    if (connection.waiting > 0 && connection.socket.connected) {
      setTimeout(look, PAUSE_MS).unref();
      return;
    }
    connection.isPaused = false;
    stream.resume();
  };
  setTimeout(look, PAUSE_MS).unref();
}

/** The WebSocket beneath; polling has none, and asks one request at a time. */
function streamOf({ socket }: Connection): Pausable | null {
  const stream: unknown = Reflect.get(socket.conn.transport, 'socket');
  if (typeof stream !== 'object' || stream === null) return null;
  return 'pause' in stream && 'resume' in stream ? (stream as Pausable) : null;
}
