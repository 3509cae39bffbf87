import { HoldfastError } from '../../domain/errors.ts';
import { safely } from '../http/error-handler.ts';
import { toFault } from '../http/fault.ts';
import { presentError } from '../http/present-error.ts';
import { renew } from './authentication.ts';
import type { Connection } from './connection.ts';
import type { EventAnswer } from './event-call.ts';
import { CLIENT_EVENTS } from './events.ts';
import type { ClientEvent } from './client-event.ts';
import { afterToken, waitFor } from './limits.ts';
import type { Live } from './live.ts';

type Acknowledge = (answer: Readonly<Record<string, unknown>>) => void;

interface Received {
  readonly name: string;
  readonly payload: unknown;
  readonly acknowledge: Acknowledge | null;
}

/** Takes in whatever a client sent; `args` ends with a function where it asked for an answer. */
export function receive(live: Live, connection: Connection, name: string, args: unknown[]): void {
  const last = args.at(-1);
  const acknowledge = typeof last === 'function' ? (last as Acknowledge) : null;
  const payload = acknowledge !== null && args.length === 1 ? undefined : args[0];
  const received = { name, payload, acknowledge };
  // What comes while the handshake's token is looked at waits for it.
  const { holder, turn } = connection;
  if (holder === null && turn !== null && name !== 'authenticate') {
    afterToken(live, connection, turn, () => take(live, connection, received));
  } else take(live, connection, received);
}

function take(live: Live, connection: Connection, received: Received): void {
  const { name, payload } = received;
  const isSigningIn = name === 'authenticate';
  // Without a token there is one thing to say; the rest is not even answered.
  if (connection.holder === null && !isSigningIn) return;
  const event = CLIENT_EVENTS.get(name);
  const waitMs = waitFor(live, connection, event, payload);
  if (waitMs === null) return;
  const work = async (): Promise<EventAnswer> => {
    if (isSigningIn) return renew(live, connection, payload);
    if (event === undefined) throw new HoldfastError('malformed_request', 'No such event');
    return run(live, connection, event, payload);
  };
  if (event?.isUrgent === true) {
    const call = (payloads: readonly unknown[]): Promise<EventAnswer> =>
      run(live, connection, event, payloads);
    const called = waitMs === 0 ? call([payload]) : live.pleas.whenFree(connection, payload, call);
    answer(live, connection, received, called);
    return;
  }
  const inTurn = waitMs === 0 ? connection.inTurn(work) : connection.later(waitMs, work);
  answer(live, connection, received, inTurn);
}

async function run(
  live: Live,
  connection: Connection,
  event: ClientEvent,
  payload: unknown,
): Promise<EventAnswer> {
  const principal = connection.holder?.principal;
  if (principal === undefined) throw new HoldfastError('unauthenticated', 'A token is required');
  const { socket } = connection;
  // Whoever has gone wants none of it any more, but for what may be a cry for help.
  const isWanted = socket.connected || event.criesForHelp === true || event.isUrgent === true;
  if (!isWanted) throw new HoldfastError('wrong_state', 'The connection has ended');
  return event.handle({ deps: live.deps, live, connection, socket, principal, payload });
}

/** Answers the sender alone: through its acknowledgement, or an `error-message` without one. */
function answer(
  live: Live,
  { socket }: Connection,
  { name, acknowledge }: Received,
  work: Promise<EventAnswer>,
): void {
  const answered = work.then(
    (result) => acknowledge?.({ success: true, ...result }),
    (error: unknown) => {
      const fault = toFault(error);
      if (fault.status >= 500) {
        const event = name.slice(0, 40);
        live.deps.log.error({ code: fault.code, event, error: safely(error) }, 'an event failed');
      }
      const refusal = presentError('support', fault, socket.id).body;
      if (acknowledge === null) socket.emit('error-message', refusal);
      else acknowledge(refusal);
    },
  );
  live.connections.track(answered);
}
