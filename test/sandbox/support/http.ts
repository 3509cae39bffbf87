import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves an Express application on a free loopback port. */
export async function serve(app: Express): Promise<RunningServer> {
  return listen(createServer(app));
}

async function listen(server: Server): Promise<RunningServer> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // An address of a server that listens on a TCP port is never a string.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly signature: string | undefined;
  readonly params: Record<string, string>;
}

export interface WebhookReceiver extends RunningServer {
  readonly received: Received[];
  /** Resolves as soon as a request fits; those that came before count. */
  waitFor(fits: (request: Received) => boolean): Promise<Received>;
  /** What is answered at a path, as TwiML. */
  answer(path: string, body: string): void;
}

/** A server in the place of the product, which keeps every webhook it gets. */
export async function receiveWebhooks(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const answers = new Map<string, string>();
  const waiting = new Set<() => void>();
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.use((req, res) => {
    received.push(receivedFrom(req, req.body));
    res.type('text/xml').send(answers.get(req.path) ?? '<Response/>');
    waiting.forEach((look) => look());
  });
  const server = await serve(app);
  return {
    ...server,
    received,
    answer: (path, body) => void answers.set(path, body),
    waitFor: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = received.find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

function receivedFrom(req: IncomingMessage, body: unknown): Received {
  const signature = req.headers['x-twilio-signature'];
  return {
    method: req.method ?? '',
    url: req.url ?? '',
    signature: typeof signature === 'string' ? signature : undefined,
    params: { ...(body as Record<string, string> | undefined) },
  };
}

export async function requestJson(url: string, method = 'GET', body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return text === '' ? null : JSON.parse(text);
}
