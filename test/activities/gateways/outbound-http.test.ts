import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createMuteServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createOutboundHttp,
  type OutboundAnswer,
  type OutboundHttpSettings,
  type OutboundRequest,
} from '../../../activities/gateways/outbound-http.ts';
import { isPublicAddress, readOutboundUrl } from '../../../activities/gateways/public-address.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/test-certificate.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function serve(answer: RequestListener, tls = false): Promise<number> {
  const server = tls
    ? (createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, answer) as unknown as Server)
    : createServer(answer);
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const LIMITS = {
  method: 'GET',
  maxRedirects: 3,
  maxBytes: 100_000,
  timeoutMs: 10_000,
  connectTimeoutMs: 5_000,
} as const;

const LOOPBACK = { address: '127.0.0.1', family: 4 };
const sandbox = { allowPrivateHosts: true, resolve: async () => [LOOPBACK] };

function ask(
  url: string,
  settings: OutboundHttpSettings = sandbox,
  more: Partial<OutboundRequest> = {},
): Promise<OutboundAnswer> {
  return createOutboundHttp(settings).request({ ...LIMITS, url, ...more });
}

function failed(fault: string): object {
  return { kind: 'failed', fault };
}

describe('what counts as public', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.254',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.251',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:a00:1::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'not an address',
    '',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '100.63.255.255', '172.32.0.1', '::ffff:8.8.8.8', '2606:4700::1111'])(
    'takes %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ['http://example.com/a.ics', 'bad_address'],
    ['ftp://example.com/a.ics', 'bad_address'],
    ['file:///etc/passwd', 'bad_address'],
    ['https://user:secret@example.com/', 'bad_address'],
    [`https://example.com/${'a'.repeat(2100)}`, 'bad_address'],
    ['calendar', 'bad_address'],
    ['https://localhost/', 'blocked_address'],
    ['https://LOCALHOST./', 'blocked_address'],
    ['https://postgres/', 'blocked_address'],
    ['https://metadata.google.internal/', 'blocked_address'],
    ['https://127.0.0.1/', 'blocked_address'],
    ['https://2130706433/', 'blocked_address'],
    ['https://0x7f.1/', 'blocked_address'],
    ['https://017700000001/', 'blocked_address'],
    ['https://127.1/', 'blocked_address'],
    ['https://１２７.0.0.1/', 'blocked_address'],
    ['https://[::1]/', 'blocked_address'],
    ['https://[::ffff:127.0.0.1]/', 'blocked_address'],
    ['https://[64:ff9b::7f00:1]/', 'blocked_address'],
    ['webcal://169.254.169.254/latest/', 'blocked_address'],
  ])('reads %s as %s', (url, fault) => {
    expect(readOutboundUrl(url, { allowPrivateHosts: false })).toBe(fault);
  });

  it('takes webcal as https, and drops the fragment', () => {
    const url = readOutboundUrl('WEBCAL://example.com/a.ics#x', { allowPrivateHosts: false });
    expect(String(url)).toBe('https://example.com/a.ics');
  });
});

describe('where connections go', () => {
  it('refuses a name that leads to private hosts alone, without a connection', async () => {
    let calls = 0;
    const port = await serve((_request, response) => {
      calls += 1;
      response.end();
    });
    const resolve = async () => [LOOPBACK, { address: '::ffff:127.0.0.1', family: 6 }];
    const answer = await ask(`https://rebound.example:${port}/`, {
      allowPrivateHosts: false,
      resolve,
    });
    expect(answer).toEqual(failed('blocked_address'));
    expect(calls).toBe(0);
  });

  it('connects to the address that was checked, though the name has moved since', async () => {
    const connections: string[] = [];
    const port = await serve((_request, response) => {
      connections.push('private');
      response.end();
    });
    // An address of the public range that nobody has been given; then the private server's.
    const answers = [{ address: '2d00::1', family: 6 }, LOOPBACK, LOOPBACK, LOOPBACK];
    let asked = 0;
    const resolve = async () => [answers[asked++] ?? LOOPBACK];
    const settings = { allowPrivateHosts: false, resolve };
    const url = `https://rebound.example:${port}/`;
    const answer = await ask(url, settings, { connectTimeoutMs: 200 });
    expect(['unreachable', 'timeout']).toContain(answer.kind === 'failed' && answer.fault);
    expect(asked).toBe(1);
    expect(connections).toEqual([]);
  });

  it('asks for the name once for each connection', async () => {
    const port = await serve((request, response) => {
      const isFirst = request.url === '/';
      response.writeHead(isFirst ? 302 : 200, isFirst ? { location: '/next' } : {}).end('there');
    });
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return asked <= 2 ? [LOOPBACK] : [];
    };
    const answer = await ask(`http://a.test:${port}/`, { allowPrivateHosts: true, resolve });
    expect(answer).toMatchObject({ kind: 'answered', status: 200 });
    expect(asked).toBe(2);
  });

  it('checks the certificate against the name, not the address', async () => {
    const port = await serve((_request, response) => response.end('calendar'), true);
    const trusting = { ...sandbox, certificateAuthorities: TEST_CERTIFICATE };
    const right = await ask(`https://calendar.test:${port}/`, trusting);
    expect(right).toMatchObject({ kind: 'answered', status: 200 });
    const others = await ask(`https://other.test:${port}/`, trusting);
    expect(others).toEqual(failed('bad_certificate'));
    const unknown = await ask(`https://calendar.test:${port}/`, sandbox);
    expect(unknown).toEqual(failed('bad_certificate'));
  });
});

describe('redirects', () => {
  it.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://metadata.internal/',
    'http://example.com/',
    'file:///etc/passwd',
    '//169.254.169.254/latest',
  ])('are checked like the first address: %s', async (location) => {
    const rules = { ...sandbox };
    let calls = 0;
    const port = await serve((_request, response) => {
      calls += 1;
      // The first step was let through, as a public one would be; no other is.
      rules.allowPrivateHosts = false;
      response.writeHead(302, { location }).end();
    });
    const answer = await ask(`http://a.test:${port}/`, rules);
    const fault = answer.kind === 'failed' && answer.fault;
    expect(['blocked_address', 'bad_address']).toContain(fault);
    expect(calls).toBe(1);
  });

  it('end after three, drop what was meant for another host, and are not for POST', async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      seen.push(request.headers['if-none-match']);
      const location = `http://b.test:${(request.socket.address() as AddressInfo).port}/`;
      response.writeHead(302, { location }).end();
    });
    const headers = { 'if-none-match': '"1"' };
    const url = `http://a.test:${port}/`;
    expect(await ask(url, sandbox, { headers })).toEqual(failed('too_many_redirects'));
    expect(seen).toEqual(['"1"', undefined, undefined, undefined]);
    const posted = await ask(url, sandbox, { method: 'POST', body: '{}' });
    expect(posted).toMatchObject({ kind: 'answered', status: 302 });
  });
});

describe('limits', () => {
  it('stops reading a body that does not end', async () => {
    let closed: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await serve((_request, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) continue;
      };
      response.on('drain', pour).on('close', () => closed?.());
      pour();
    });
    expect(await ask(`http://a.test:${port}/`)).toEqual(failed('too_large'));
    await ended;
  });

  it('stops unpacking a small file that holds a huge one', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(LIMITS.maxBytes);
    const port = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    expect(await ask(`http://a.test:${port}/`)).toEqual(failed('too_large'));
  });

  it('unpacks gzip, and refuses what is none', async () => {
    const port = await serve((request, response) => {
      const encoding = request.url === '/gzip' ? 'gzip' : 'br';
      const body = request.url === '/broken' ? Buffer.from('none') : gzipSync('calendar');
      response
        .writeHead(200, { 'content-encoding': request.url === '/broken' ? 'gzip' : encoding })
        .end(body);
    });
    const right = await ask(`http://a.test:${port}/gzip`);
    expect(right.kind === 'answered' && right.body.toString()).toBe('calendar');
    expect(await ask(`http://a.test:${port}/broken`)).toEqual(failed('unreadable'));
    expect(await ask(`http://a.test:${port}/brotli`)).toEqual(failed('unreadable'));
  });

  it.each(['silent', 'dripping'])('ends a server that is %s', async (way) => {
    const port = await serve((_request, response) => {
      if (way === 'silent') return;
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const answer = await ask(`http://a.test:${port}/`, sandbox, { timeoutMs: 300 });
    expect(answer).toEqual(failed('timeout'));
  });

  it('ends a resolver and a handshake that hang', async () => {
    const hanging = { allowPrivateHosts: true, resolve: () => new Promise<never>(() => {}) };
    const unresolved = await ask('https://a.test/', hanging, { timeoutMs: 100 });
    expect(unresolved).toEqual(failed('timeout'));
    const mute = createMuteServer();
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const settled = await ask(`https://a.test:${port}/`, sandbox, { connectTimeoutMs: 100 });
    expect(settled).toEqual(failed('timeout'));
    mute.close();
  });

  it('tells apart why there is no answer', async () => {
    const port = await serve((_request, response) => response.end());
    servers[0]?.close();
    expect(await ask(`http://a.test:${port}/`)).toEqual(failed('unreachable'));
    const nowhere = { allowPrivateHosts: true, resolve: async () => [] };
    expect(await ask('https://a.test/', nowhere)).toEqual(failed('unresolvable'));
    const raw = await serve((request) => request.socket.end('no http at all\r\n\r\n'));
    expect(await ask(`http://a.test:${raw}/`)).toEqual(failed('unreadable'));
  });
});
