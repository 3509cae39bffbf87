import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createAuthenticator } from '../../../api/auth/authenticator.ts';
import { startRealtime } from '../../../api/realtime/realtime.ts';
import type { Realtime, RealtimeOptions } from '../../../api/realtime/realtime.ts';
import type { TestApi } from '../../support/api.ts';

export interface Node {
  readonly url: string;
  readonly realtime: Realtime;
  close(): Promise<void>;
}

/** A second process is a second authenticator, server and adapter on the same database. */
export async function startNode(api: TestApi, options: RealtimeOptions = {}): Promise<Node> {
  const { knex, databaseUrl, deps } = api;
  const authenticator = createAuthenticator({
    knex,
    crisisKnex: knex,
    databaseUrl,
    keyRing: deps.keyRing,
    publicUrl: deps.http.publicUrl,
    auth: { sharedSecret: null, trustedIssuers: [] },
    log: deps.log,
  });
  const server = createServer();
  const realtime = startRealtime(server, { ...deps, authenticator }, databaseUrl, options);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    await realtime.close();
    await authenticator.close();
  };
  return { url, realtime, close };
}
