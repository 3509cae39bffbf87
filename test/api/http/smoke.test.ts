import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

test('health tells each part without failing for them', async () => {
  const { status, body } = await api.call('GET', '/health');
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      status: 'ok',
      load: 'calm',
      media: 'unavailable',
      recording: 'unavailable',
      transcripts: 'unavailable',
      speechEngine: 'local',
      timestamp: expect.any(String),
      version: '0.0.0',
      environment: 'test',
      parts: { database: 'up', temporal: 'down' },
    },
  });
});

test('readiness fails while a part is down', async () => {
  const reply = await api.call('GET', '/ready');
  expect(reply.status).toBe(503);
  expect(reply.headers.get('retry-after')).toBe('5');
  // Without video and recordings it would be ready all the same, and says that there are none.
  expect(reply.body).toMatchObject({
    parts: { database: 'up', temporal: 'down' },
    media: 'unavailable',
    recording: 'unavailable',
    transcripts: 'unavailable',
    speechEngine: 'local',
  });
});
