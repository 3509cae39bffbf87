import { Agent, request } from 'node:http';

export interface HttpReply {
  readonly status: number;
  readonly text: string;
}

/** A client that costs the machine as little as one can: the servers are what is measured. */
export interface HttpClient {
  send(method: string, path: string, token: string, body?: unknown): Promise<HttpReply>;
  close(): void;
}

export function openHttp(baseUrl: string, connections: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(baseUrl);
  return {
    send: (method, path, token, body) =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? undefined : JSON.stringify(body);
        const headers = {
          authorization: `Bearer ${token}`,
          ...(payload === undefined
            ? {}
            : {
                'content-type': 'application/json',
                'content-length': Buffer.byteLength(payload),
              }),
        };
        const sending = request({ hostname, port, agent, method, path, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
          response.once('error', reject);
        });
        sending.once('error', reject).end(payload);
      }),
    close: () => agent.destroy(),
  };
}
