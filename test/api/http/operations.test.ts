import { expect, test } from '@jest/globals';
import { allHandlers } from '../../../api/handlers.ts';
import { loadDocument, operationsOf } from '../../../api/http/document.ts';
import type { Operation } from '../../../api/http/document.ts';
import { RouteTable } from '../../../api/http/route-table.ts';
import { documentOfPath } from '../../../api/http/validators.ts';
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

const ERRORS: Readonly<Record<string, string>> = {
  therapy: 'TherapyError',
  booking: 'PlainError',
  teletherapy: 'PlainError',
  support: 'SupportError',
  scheduling: 'SchedulingError',
  own: 'Problem',
};

test('every operation documents its door’s errors, and every POST its idempotency key', () => {
  const document = loadDocument();
  const gaps = operationsOf(document).flatMap(({ id, door, method, path }) => {
    const item = document.paths[path];
    const described = item?.[method];
    const responses = (described?.['responses'] ?? {}) as Record<string, { $ref?: string }>;
    const parameters = [described?.['parameters'], item?.['parameters']].flat();
    const hasKey = /\/(Any)?IdempotencyKey"/.test(JSON.stringify(parameters));
    const hasErrors = responses['default']?.$ref?.endsWith(`/${ERRORS[door]}`) === true;
    return [
      ...(hasErrors ? [] : [`${id}: errors`]),
      ...(method === 'post' && !hasKey ? [`${id}: key`] : []),
    ];
  });
  expect(gaps).toEqual([]);
});

test('every reference of the document leads somewhere', () => {
  const document = loadDocument();
  for (const path of Object.keys(document.paths)) {
    expect(() => documentOfPath(document, path)).not.toThrow();
  }
});

test('a literal segment wins over a parameter, in whatever order they come', () => {
  const operation = (id: string, path: string, mounts = ['']): Operation => ({
    id,
    method: 'get',
    path,
    mounts,
    door: 'own',
    isPublic: false,
    needsBody: false,
    isUpload: false,
    bodyLimitBytes: 1,
    limit: 'none',
    refusesNothing: false,
    hearsRefused: false,
  });
  const routes = new RouteTable([
    operation('one', '/api/sessions/{id}'),
    operation('hold', '/sessions/hold', ['', '/api']),
    operation('join', '/api/sessions/{sessionId}/join'),
    operation('deep', '/api/sessions/hold/deep'),
  ]);
  const found = (path: string): unknown => {
    const match = routes.find('GET', path);
    return match.kind === 'operation' ? [match.operation.id, match.params] : match.kind;
  };
  expect(found('/api/sessions/hold')).toEqual(['hold', {}]);
  expect(found('/sessions/hold/')).toEqual(['hold', {}]);
  expect(found('/api/sessions/x%20y')).toEqual(['one', { id: 'x y' }]);
  // The literal branch leads nowhere here, so the parameter is tried.
  expect(found('/api/sessions/hold/join')).toEqual(['join', { sessionId: 'hold' }]);
  expect(found('/api/sessions')).toBe('none');
  expect(found('/api/sessions//join')).toBe('none');
  expect(routes.find('POST', '/sessions/hold')).toEqual({ kind: 'other_method', allow: ['get'] });
  expect(() => routes.find('GET', '/api/sessions/%E0%A4%A')).toThrow('not properly encoded');
});
