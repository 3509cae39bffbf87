import pg from 'pg';

export interface WatchedClientOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  /** A server that is silent for so long is taken for gone, ms. */
  readonly answerWithinMs: number;
  /** Called at every sign that the connection is over, perhaps more than once. */
  readonly onLoss: (client: pg.Client) => void;
}

/** A connection outside of all pools, not connected yet, that notices when its server is gone. */
export function watchedClient(options: WatchedClientOptions): pg.Client {
  const client = new pg.Client({
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.answerWithinMs,
    query_timeout: options.answerWithinMs,
    keepAlive: true,
  });
  client.on('error', () => options.onLoss(client));
  client.on('end', () => options.onLoss(client));
  return client;
}
