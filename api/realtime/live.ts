import type { Server } from 'socket.io';
import type { ApiDeps } from '../context.ts';
import type { ChatRooms } from './chat-rooms.ts';
import type { ConnectionPauses } from './connection-pauses.ts';
import type { Connections } from './connections.ts';
import type { Cries } from './cries.ts';
import type { People } from './people.ts';
import type { Pleas } from './pleas.ts';

/** What the sockets of one process share. */
export interface Live {
  readonly deps: ApiDeps;
  readonly io: Server;
  readonly connections: Connections;
  readonly chats: ChatRooms;
  readonly people: People;
  readonly cries: Cries;
  readonly pleas: Pleas;
  readonly pauses: ConnectionPauses;
}
