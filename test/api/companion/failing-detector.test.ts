import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type * as Detector from '../../../domain/triage/detect.ts';
import type { TestApi } from '../../support/api.ts';
import { alertsOf, chat } from './talking.ts';

// A detector that fails on whatever it is given; all around it is as ever.
const real: typeof Detector = await import('../../../domain/triage/detect.ts');
const detect: typeof Detector.detect = () => {
  throw new Error('The lexicon is gone');
};
jest.unstable_mockModule('../../../domain/triage/detect.ts', () => ({ ...real, detect }));
const { startTestApi } = await import('../../support/api.ts');

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

test('a human is paged for what the detector could not read, and no model is asked', async () => {
  const person = await api.person();
  const { status, body } = await chat(api, person, { message: 'I went for a walk' });
  const [alert, ...others] = await alertsOf(api, person.id);
  expect([status, others]).toEqual([200, []]);
  expect(alert).toMatchObject({ type: 'detector_failure', severity: 'high', status: 'paging' });
  expect(body.response.type).toBe('crisis-response');
  expect(body.metadata.alertCreated).toBe(alert!.id);
});
