import type { ClientEvent } from './client-event.ts';
import type { Connection } from './connection.ts';
import type { Live } from './live.ts';

/** So many events of one socket may wait: a client's mistake, and more is a flood. */
const MOST_WAITING = 300;
/** What may carry a cry for help is waited for longer: only who can't be made to wait is sent away. */
const MOST_UNHEARD = 2_000;
const MOST_BEFORE_TOKEN = 100;

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
  live.pauses.begin(connection);
  if (event?.criesForHelp === true) live.cries.hear(connection, payload);
  const isPassedOver = event?.isQuiet === true;
  if (isPassedOver || event?.isUrgent === true) {
    budget.putBack();
    personBudget?.putBack();
    return isPassedOver ? null : waitMs;
  }
  const most = event?.criesForHelp === true ? MOST_UNHEARD : MOST_WAITING;
  if (connection.waiting < most && !connection.isSentAway) return waitMs;
  if (!connection.isSentAway) sendAway(live, connection);
  return null;
}

/** What comes while a token is looked at is nobody's yet; `work` takes it when that is known. */
export function afterToken(
  live: Live,
  connection: Connection,
  turn: Promise<unknown>,
  work: () => void,
): void {
  connection.waiting += 1;
  if (connection.waiting > MOST_BEFORE_TOKEN) live.pauses.begin(connection);
  void turn.finally(() => {
    connection.waiting -= 1;
    work();
  });
}

/** Not before all that came together with the last event has been read for cries for help. */
function sendAway({ deps }: Live, connection: Connection): void {
  const personId = connection.holder?.principal.personId ?? null;
  deps.log.warn({ personId }, 'a socket sent too much');
  connection.isSentAway = true;
  setImmediate(() => connection.socket.disconnect(true));
}
