import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createModelGateway } from '../../../activities/gateways/model.ts';
import type { ModelGateway } from '../../../activities/gateways/model.ts';
import { startTestModel } from '../../support/model.ts';
import type { TestModel } from '../../support/model.ts';

const HELLO = [{ role: 'user', content: 'I feel low' }] as const;

let model: TestModel;
beforeAll(async () => {
  model = await startTestModel();
});
beforeEach(() => model.setMode('normal'));
afterAll(() => model.close());

test('gives a reply as it grows, and what it cost', async () => {
  const seen: string[] = [];
  const reply = await model.gateway.reply(HELLO, (text) => {
    seen.push(text);
    return Promise.resolve(true);
  });
  expect(reply).toMatchObject({ kind: 'text', text: seen.at(-1) });
  expect(seen.length).toBeGreaterThan(5);
  expect(seen.every((text, at) => at === 0 || text.startsWith(seen[at - 1]!))).toBe(true);
  expect(reply.costMicros).toBeGreaterThan(0);
  expect(reply.costMicros).toBeLessThanOrEqual(model.gateway.ceilingOf(HELLO));
});

test('stops when it is told to', async () => {
  const reply = await model.gateway.reply(HELLO, () => Promise.resolve(false));
  expect(reply).toMatchObject({ kind: 'fault', fault: 'stopped' });
});

test('a model that does not answer in time is late', async () => {
  model.setMode('slow');
  const reply = await model.gatewayWith({ timeoutMs: 100 }).reply(HELLO);
  expect(reply).toMatchObject({ kind: 'fault', fault: 'timeout' });
});

test('tries again where the connection breaks, and leaves a model alone that stays down', async () => {
  model.setMode('down');
  let nowMs = 0;
  const url = { retries: 1, apiKey: 'k', model: 'm', timeoutMs: 20_000, maxOutputTokens: 50 };
  const { baseUrl } = model;
  const settings = { ...url, baseUrl, inputPrice: 0, outputPrice: 0 };
  const gateway = createModelGateway(settings, () => nowMs);
  const before = model.asked();
  for (let time = 0; time < 3; time += 1) {
    expect(await gateway.reply(HELLO)).toMatchObject({ fault: 'unreachable' });
  }
  expect(model.asked() - before).toBe(6);
  expect(gateway.isPaused()).toBe(true);
  expect(await gateway.reply(HELLO)).toMatchObject({ fault: 'paused', costMicros: 0 });
  expect(model.asked() - before).toBe(6);
  nowMs += 60_000;
  model.setMode('normal');
  expect(await gateway.reply(HELLO)).toMatchObject({ kind: 'text' });
});

test('whatever is no answer comes out as a fault', async () => {
  model.setMode('nonsense');
  const kinds = new Set<string>();
  for (let time = 0; time < 4; time += 1) {
    const reply = await model.gatewayWith({}).reply(HELLO);
    kinds.add(reply.kind === 'fault' ? reply.fault : 'text');
  }
  // One of them is text, which is for the check to refuse.
  expect(kinds).toEqual(new Set(['unreadable', 'text']));
});

test.each<readonly [unknown, number | null]>([
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, 20],
  [{ total_tokens: 900 }, null],
  [{ prompt_tokens: 10 }, null],
  [{ prompt_tokens: '10', completion_tokens: 5 }, null],
  [{ prompt_tokens: -10, completion_tokens: 5 }, null],
  [{ prompt_tokens: 1.5, completion_tokens: 5 }, null],
  [{ prompt_tokens: Number.MAX_SAFE_INTEGER, completion_tokens: 5 }, null],
  [900, null],
  [null, null],
])('a usage of %j costs %j: what can not be read is unknown, not free', async (usage, cost) => {
  const { gateway, close } = await streaming({ choices: [{ delta: { content: 'Rest.' } }], usage });
  const reply = await gateway.reply(HELLO);
  close();
  expect(reply).toEqual({ kind: 'text', text: 'Rest.', costMicros: cost });
});

test.each([true, false])(
  'too much at once is no reply, but its beginning is heard',
  async (goesOn) => {
    const content = `Do it now. ${'And rest. '.repeat(5_000)}`;
    const { gateway, close } = await streaming({ choices: [{ delta: { content } }] });
    const heard: string[] = [];
    const reply = await gateway.reply(HELLO, (text) => {
      heard.push(text);
      return Promise.resolve(goesOn);
    });
    expect(reply).toMatchObject({ kind: 'fault', fault: 'unreadable' });
    expect(heard).toEqual([content.slice(0, 32_000)]);
    close();
  },
);

/** An endpoint that sends one chunk, and a gateway to it. */
async function streaming(chunk: unknown): Promise<{ gateway: ModelGateway; close: () => void }> {
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = model.gatewayWith({ baseUrl: `http://127.0.0.1:${port}` });
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { gateway, close };
}

test.each([
  [401, 'refused'],
  [429, 'busy'],
  [500, 'busy'],
  [302, 'unreachable'],
])('%d is %s', async (status, fault) => {
  const server = createServer((_req, res) => {
    res.writeHead(status, { location: 'http://127.0.0.1:9/' }).end('{"error":{"message":"no"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = model.gatewayWith({ baseUrl: `http://127.0.0.1:${port}` });
  expect(await gateway.reply(HELLO)).toMatchObject({ kind: 'fault', fault });
  server.closeAllConnections();
  server.close();
});
