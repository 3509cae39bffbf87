import { describe, expect, test } from '@jest/globals';
import {
  inBothShapes,
  pagingInA,
  pagingInB,
  readHelperType,
  readMessage,
  readSessionType,
  readStatuses,
  readUrgency,
  severityOf,
  statusWords,
  URGENCIES,
} from '../../../api/support/dialect.ts';

describe('the two versions', () => {
  test('stand side by side, also where a name means a text in one and an object in the other', () => {
    const a = { session: { id: '1', patientId: 'p' } };
    const b = { session: { _id: '1', patientId: { _id: 'p', username: 'ada' } } };
    expect(inBothShapes(201, { message: 'Session created successfully', a, b })).toEqual({
      status: 201,
      body: { success: true, message: 'Session created successfully', data: a, ...b },
    });
  });

  test.each([
    ['low', 'mild'],
    ['medium', 'moderate'],
    ['high', 'severe'],
    ['critical', 'critical'],
  ] as const)('%s is %s', (urgency, severity) => {
    expect([readUrgency(urgency), readUrgency(severity)]).toEqual([urgency, urgency]);
    expect(severityOf(urgency)).toBe(severity);
  });

  test.each([['constructor'], [''], [null], [3], [{}], ['LOW']])(
    '%j is no word of theirs',
    (word) => {
      expect(readUrgency(word)).toBeNull();
      expect(readHelperType(word)).toBeNull();
      expect(readSessionType(word)).toBeNull();
      expect(readStatuses(word)).toEqual([]);
      expect(URGENCIES).not.toContain(word);
    },
  );

  test('a state is found by the word of either version', () => {
    expect(readStatuses('pending')).toEqual(['waiting']);
    expect(readStatuses('active')).toEqual(['active', 'escalated']);
    expect(readStatuses('closed')).toEqual(['closed', 'cancelled']);
    expect(statusWords('escalated')).toEqual({ a: 'active', b: 'escalated' });
  });

  test('a helper is named by either word', () => {
    expect(readHelperType('counselor_session')).toBe('counselor');
    expect(readSessionType('peer')).toBe('peer_support');
    expect(readSessionType('crisis_intervention')).toBe('crisis_intervention');
  });

  test('a text is read from either place', () => {
    expect(readMessage({ content: { text: 'a', type: 'emoji' } })).toEqual({
      text: 'a',
      type: 'emoji',
    });
    expect(readMessage({ message: 'b', messageType: 'image' })).toEqual({
      text: 'b',
      type: 'image',
    });
    expect(readMessage({ content: {} })).toBeNull();
  });

  test('pages are counted in both', () => {
    const paging = { page: 2, limit: 10, total: 25, count: 10 };
    expect(pagingInA(paging)).toEqual({ current: 2, total: 3, count: 10 });
    expect(pagingInB(paging, 'totalSessions')).toEqual({
      currentPage: 2,
      totalPages: 3,
      totalSessions: 25,
      hasNextPage: true,
      hasPrevPage: true,
    });
  });
});
