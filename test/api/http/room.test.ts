import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

test('a room’s link says that there is no video here, whatever id it carries', async () => {
  const known = await fetch(`${api.url}/room/01a1fda6-b709-75f6-af24-d6e284df7ac1`);
  const typed = await fetch(`${api.url}/room/%3Cscript%3Ealert(1)%3C%2Fscript%3E`);
  expect([known.status, typed.status]).toEqual([503, 503]);
  const [page, other] = [await known.text(), await typed.text()];
  expect(page).toContain('Video rooms are not available here');
  expect(other).not.toContain('script>');
  expect(known.headers.get('content-security-policy')).toContain("default-src 'none'");
});
