import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type WorkflowKind, isUuid, parseWorkflowId, workflowId } from '../../domain/ids.ts';

const kinds = fc.constantFrom<WorkflowKind>('session', 'reconciliation', 'credit-purchase');

describe('workflow ids', () => {
  test('have an inverse', () => {
    fc.assert(
      fc.property(kinds, fc.uuid(), (kind, id) => {
        expect(parseWorkflowId(workflowId(kind, id))).toEqual({ kind, id });
      }),
    );
  });

  test.each([
    '',
    'session',
    'session-',
    'session-1',
    'sessions-0197a000-0000-7000-8000-000000000001',
    'session-0197A000-0000-7000-8000-000000000001',
    'session-0197a000-0000-7000-8000-000000000001\n',
    ' session-0197a000-0000-7000-8000-000000000001',
    'session-session-0197a000-0000-7000-8000-000000000001',
    '0197a000-0000-7000-8000-000000000001',
  ])('%j is none', (text) => expect(parseWorkflowId(text)).toBeNull());

  test('nothing but a lower-case UUID is one', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(isUuid(text)).toBe(false)));
    expect(isUuid('0197a000-0000-7000-8000-000000000001')).toBe(true);
    expect(isUuid('x0197a000-0000-7000-8000-000000000001')).toBe(false);
  });
});
