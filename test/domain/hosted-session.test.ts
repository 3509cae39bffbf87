import { describe, expect, test } from '@jest/globals';
import { PUBLISHED_PARTICIPANT_LIMITS as LIMITS } from '../../config/json-settings.ts';
import { checkBreakouts } from '../../domain/breakouts.ts';
import {
  HOSTED_STATUSES,
  HOSTED_TYPES,
  hostedStatus,
  mayMove,
  placesFor,
  roleIn,
} from '../../domain/hosted-session.ts';
import { DEFAULT_PLAN } from '../../domain/plan.ts';
import { roomPolicyOf, roomless } from '../../domain/room-terms.ts';
import { SESSION_STATUSES } from '../../domain/session.ts';

const LEGAL = new Set([
  'scheduled waiting',
  'scheduled cancelled',
  'waiting in_progress',
  'waiting cancelled',
  'in_progress completed',
  'in_progress no_show',
]);
const PAIRS = HOSTED_STATUSES.flatMap((from) => HOSTED_STATUSES.map((to) => [from, to] as const));

test.each(PAIRS)('a session that is %s becomes %s as published, or not at all', (from, to) => {
  expect(mayMove(from, to)).toBe(LEGAL.has(`${from} ${to}`));
});

test('every state of a session has a word here, and only a confirmed one waits', () => {
  const words = (isWaiting: boolean) =>
    Object.fromEntries(SESSION_STATUSES.map((status) => [status, hostedStatus(status, isWaiting)]));
  expect(words(false)).toEqual({
    planned: 'scheduled',
    held: 'scheduled',
    requested: 'scheduled',
    awaiting_payment: 'scheduled',
    confirmed: 'scheduled',
    in_progress: 'in_progress',
    completed: 'completed',
    declined: 'cancelled',
    expired: 'cancelled',
    cancelled: 'cancelled',
    no_show: 'no_show',
  });
  expect(words(true)).toEqual({ ...words(false), confirmed: 'waiting' });
});

describe('places', () => {
  test('are as published for each type, the host among them', () => {
    const seats = HOSTED_TYPES.map((type) => {
      const invited = type === 'individual' ? 1 : 0;
      const verdict = placesFor(LIMITS, type, { maxParticipants: null, invited });
      return verdict.kind === 'places' ? verdict.seats : null;
    });
    expect(seats).toEqual([1, 2, 7, 11, 19, 49]);
  });

  test.each(HOSTED_TYPES)(
    'of %s are never more than its limit, nor taken by one too many',
    (type) => {
      const limit = LIMITS[type];
      const kindOf = (maxParticipants: number | null, invited: number): string =>
        placesFor(LIMITS, type, { maxParticipants, invited }).kind;
      expect(kindOf(limit + 1, 1)).toBe('refused');
      expect(kindOf(null, limit - 1)).toBe('places');
      expect(kindOf(null, limit)).toBe('refused');
      expect(kindOf(2, 1)).toBe('places');
      expect(kindOf(2, 2)).toBe('refused');
    },
  );

  test('of an individual session are for exactly one', () => {
    expect(placesFor(LIMITS, 'individual', { maxParticipants: null, invited: 0 }).kind).toBe(
      'refused',
    );
  });
});

test('whose session it is stays its host, whatever they were given', () => {
  const session = { therapistId: 'host' };
  expect(roleIn(session, 'host', 'observer')).toBe('host');
  expect(roleIn(session, 'other', undefined)).toBe('participant');
  expect(roleIn(session, 'other', 'co_host')).toBe('co_host');
});

describe('a room', () => {
  const terms = {
    door: 'teletherapy',
    format: 'chat',
    plan: DEFAULT_PLAN,
    startsAt: 3_600_000,
    endsAt: 7_200_000,
    seats: 11,
    isOpened: false,
  } as const;

  test('opens and closes as its plan says, and its host lets people in', () => {
    expect(roomPolicyOf(terms)).toMatchObject({
      mode: 'text',
      capacity: 12,
      hasWaitingRoom: true,
      opensAt: 3_600_000 - 600_000,
      closesAt: 7_200_000 + 1_800_000,
    });
  });

  test('of a crisis waits for nobody and for no time; one that was opened by hand for no time', () => {
    expect(roomPolicyOf({ ...terms, door: 'crisis' })).toMatchObject({
      hasWaitingRoom: false,
      opensAt: 0,
    });
    expect(roomPolicyOf({ ...terms, isOpened: true })).toMatchObject({
      hasWaitingRoom: true,
      opensAt: 0,
    });
  });

  test('is nowhere for a session in person, or without one in its plan', () => {
    expect(roomless(terms)).toBeNull();
    expect(roomless({ ...terms, format: 'in_person' })).not.toBeNull();
    expect(roomless({ ...terms, plan: { ...DEFAULT_PLAN, room: null } })).not.toBeNull();
  });
});

describe('breakout rooms', () => {
  const personIds = new Set(['a', 'b']);
  const room = (name: string, ...participantIds: string[]) => ({ name, participantIds });

  test.each([
    ['two rooms', [room('One', 'a'), room('Two', 'b')], 'fits'],
    ['nobody in a room', [room('One')], 'fits'],
    ['no room', [], 'refused'],
    ['one name twice, spelt otherwise', [room('One', 'a'), room(' oNE ', 'b')], 'refused'],
    ['somebody in two', [room('One', 'a'), room('Two', 'a')], 'refused'],
    ['a stranger', [room('One', 'c')], 'refused'],
  ])('%s', (_name, rooms, kind) => {
    expect(checkBreakouts(rooms, { personIds }).kind).toBe(kind);
  });

  test('are filled only where they are open', () => {
    const known = new Set(['one']);
    expect(checkBreakouts([room('ONE', 'a')], { personIds, known }).kind).toBe('fits');
    expect(checkBreakouts([room('Two', 'a')], { personIds, known }).kind).toBe('refused');
  });
});
