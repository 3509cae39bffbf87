import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { USUAL_HANDLING_MS, compareQueued, estimateWait } from '../../domain/support-queue.ts';
import type { PresentHelper, QueuedSession } from '../../domain/support-queue.ts';

const NOW = Date.UTC(2031, 0, 6, 12);
const MINUTE = 60;

function queued(id: string, given: Partial<QueuedSession> = {}): QueuedSession {
  return {
    id,
    type: 'peer_support',
    helperType: 'peer',
    severity: 'medium',
    waitingSinceMs: NOW,
    isEscalated: false,
    isReturned: false,
    ...given,
  };
}

const free: PresentHelper = { role: 'peer', acceptedAtMs: [] };

test('a free helper is there in a minute; each one ahead takes as long as sessions took', () => {
  const own = queued('c');
  expect(estimateWait(own, [own], [free], [], NOW).seconds).toBe(MINUTE);
  const ahead = [
    queued('a', { waitingSinceMs: NOW - 2 }),
    queued('b', { waitingSinceMs: NOW - 1 }),
  ];
  const lately = [10, 20, 30].map((minutes) => minutes * 60_000);
  expect(estimateWait(own, [...ahead, own], [free], lately, NOW)).toEqual({
    seconds: 2 * (20 * MINUTE + MINUTE) + MINUTE,
    ahead: 2,
    helpers: 1,
  });
  expect(estimateWait(own, [...ahead, own], [free, free, free], lately, NOW).seconds).toBe(MINUTE);
});

test('who is busy counts for what is left, and who may not take it does not count', () => {
  const busy: PresentHelper = { role: 'peer', acceptedAtMs: [NOW - USUAL_HANDLING_MS / 3] };
  const own = queued('own');
  expect(estimateWait(own, [own], [busy], [], NOW).seconds).toBe(20 * MINUTE + MINUTE);
  const critical = queued('own', { severity: 'critical' });
  const alone = estimateWait(critical, [critical], [free], [], NOW);
  expect(alone).toMatchObject({ helpers: 0 });
  expect(alone.seconds).toBeGreaterThanOrEqual(60 * MINUTE);
});

const anySession = fc.record({
  severity: fc.constantFrom(
    'low' as const,
    'medium' as const,
    'high' as const,
    'critical' as const,
  ),
  waitingSinceMs: fc.integer({ min: NOW - 3_600_000, max: NOW }),
  isEscalated: fc.boolean(),
  isReturned: fc.boolean(),
});

test('whoever is served earlier never waits longer, and one more helper never lengthens a wait', () => {
  fc.assert(
    fc.property(
      fc.array(anySession, { minLength: 1, maxLength: 12 }),
      fc.array(fc.array(fc.integer({ min: NOW - 3_600_000, max: NOW }), { maxLength: 2 }), {
        minLength: 1,
        maxLength: 5,
      }),
      (sessions, busy) => {
        const queue = sessions.map((session, at) => queued(String(at), session));
        const helpers = busy.map((acceptedAtMs) => ({ role: 'counselor' as const, acceptedAtMs }));
        const ordered = queue.toSorted(compareQueued);
        const waits = ordered.map((one) => estimateWait(one, queue, helpers, [], NOW).seconds);
        expect(waits).toEqual(waits.toSorted((one, other) => one - other));
        const more = [...helpers, { role: 'counselor' as const, acceptedAtMs: [] }];
        const last = ordered.at(-1)!;
        expect(estimateWait(last, queue, more, [], NOW).seconds).toBeLessThanOrEqual(waits.at(-1)!);
      },
    ),
  );
});
