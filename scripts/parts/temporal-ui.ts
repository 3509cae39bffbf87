import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createProbe } from 'node:net';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const SETTINGS_PATH = '/api/v1/settings';

export interface TemporalUi {
  close(): Promise<void>;
}

/**
 * Serves the UI of the embedded Temporal server on `port`. The server's command line names
 * a codec endpoint but cannot say that the UI should send its cookies there, as the sign-in
 * of the endpoint needs; so that one answer is completed on its way.
 */
export async function serveTemporalUi(port: number, innerPort: number): Promise<TemporalUi> {
  const servers = await Promise.all(
    ['127.0.0.1', '::1'].map((host) => listen(port, host, innerPort)),
  );
  return { close: async () => void (await Promise.all(servers.map(close))) };
}

/** A port of this machine that nobody uses now. */
export async function freePort(): Promise<number> {
  const probe = createProbe();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function listen(port: number, host: string, innerPort: number): Promise<Server | null> {
  const server = createServer((request, response) => pass(request, response, innerPort));
  return new Promise((resolve, reject) => {
    server.once('error', (fault: NodeJS.ErrnoException) => {
      // A machine without that family of addresses is served on the other one.
      if (fault.code === 'EADDRNOTAVAIL' || fault.code === 'EAFNOSUPPORT') resolve(null);
      else reject(fault);
    });
    server.listen(port, host, () => resolve(server));
  });
}

async function close(server: Server | null): Promise<void> {
  if (server === null) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function pass(request: IncomingMessage, response: ServerResponse, innerPort: number): void {
  const { method, headers, url = '/' } = request;
  const isSettings = url.split('?')[0] === SETTINGS_PATH;
  const inner = forward(
    {
      host: '127.0.0.1',
      port: innerPort,
      method,
      path: url,
      headers: isSettings ? { ...headers, 'accept-encoding': 'identity' } : headers,
    },
    (answer) => {
      if (isSettings) void completeSettings(answer, response);
      else answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers));
    },
  );
  inner.once('error', () => {
    if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' });
    response.end('Temporal UI does not answer.\n');
  });
  response.once('close', () => inner.destroy());
  request.pipe(inner);
}

async function completeSettings(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const settings = (await json(answer)) as { Codec?: object };
    const body = JSON.stringify({
      ...settings,
      Codec: { ...settings.Codec, IncludeCredentials: true },
    });
    response.writeHead(answer.statusCode ?? 200, { 'content-type': 'application/json' });
    response.end(body);
  } catch {
    response.writeHead(502, { 'content-type': 'text/plain' }).end('Temporal UI does not answer.\n');
  }
}
