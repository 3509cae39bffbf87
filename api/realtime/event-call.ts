import type { Socket } from 'socket.io';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import type { Connection } from './connection.ts';
import type { Live } from './live.ts';

/** One event of one signed-in sender. */
export interface EventCall<Payload = unknown> {
  readonly deps: ApiDeps;
  readonly live: Live;
  readonly connection: Connection;
  readonly socket: Socket;
  readonly principal: Principal;
  readonly payload: Payload;
}

/** What the sender's acknowledgement gets. */
export type EventAnswer = Readonly<Record<string, unknown>>;
