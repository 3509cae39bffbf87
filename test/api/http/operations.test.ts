import { expect, test } from '@jest/globals';
import { allHandlers } from '../../../api/handlers.ts';
import { isCurrent } from '../../../api/http/generate-operations.ts';

test('the generated operation ids are those of openapi.yaml', () => {
  expect(isCurrent()).toBe(true);
});

test('every operation has exactly one handler', () => {
  expect(() => allHandlers()).not.toThrow();
  const group = { getHealth: async () => ({ status: 200 }) };
  expect(() => allHandlers([group, group])).toThrow('Operation getHealth has two handlers');
  expect(() => allHandlers([group])).toThrow(/^Operations without a handler: .*getReadiness/);
});
