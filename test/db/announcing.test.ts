import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { type Announcement, BROADCAST_CHANNEL, announceAll } from '../../db/broadcasts.ts';
import { type TestApi, startTestApi } from '../support/api.ts';
import { until } from '../support/until.ts';

let api: TestApi;
let listener: pg.Client;
const heard: string[] = [];
beforeAll(async () => {
  api = await startTestApi();
  listener = new pg.Client({ connectionString: api.databaseUrl });
  listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await listener.connect();
  await listener.query(`LISTEN ${BROADCAST_CHANNEL}`);
}, 120_000);
afterAll(async () => {
  await listener.end();
  await api.close();
});

test('news of many messages share notices that the server takes, in their order', async () => {
  const news = Array.from({ length: 200 }, (_, at) => ({
    room: `session:${randomUUID()}` as const,
    event: 'message-created',
    ids: { messageId: randomUUID(), number: at + 1 },
  }));
  await announceAll(api.knex, 'a-process', news);
  const told = () => heard.flatMap((payload) => (JSON.parse(payload) as Announcement).news);
  await until(() => told().length === news.length);
  expect(told()).toEqual(news);
  expect(heard.every((payload) => payload.includes('"from":"a-process"'))).toBe(true);
  expect(heard.length).toBeLessThan(10);
});

test('no text is announced beside the ids', async () => {
  const room = `session:${randomUUID()}` as const;
  const news = [{ room, event: 'message-created', ids: { messageId: 'I feel so low' } }];
  await expect(announceAll(api.knex, 'a-process', news)).rejects.toThrow(TypeError);
});
