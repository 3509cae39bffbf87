import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  SESSION_STATUSES,
  type Deadline,
  type SessionEvent,
  type SessionState,
  type SessionStatus,
  decide,
  isEnded,
  nextDeadline,
} from '../../domain/session.ts';

const HOUR_MS = 3_600_000;
const START = 200 * HOUR_MS;

function stateWith(change: object): SessionState {
  return {
    status: 'requested',
    startsAt: START,
    endsAt: START + HOUR_MS,
    approval: 'awaited',
    payment: 'due',
    holdDueAt: null,
    answerDueAt: 24 * HOUR_MS,
    paymentDueAt: 48 * HOUR_MS,
    proposal: null,
    scheduleVersion: 1,
    ...change,
  } as SessionState;
}

/** One plausible state of each status, without a proposal. */
const EXAMPLES: Readonly<Record<SessionStatus, SessionState>> = {
  planned: stateWith({ status: 'planned', answerDueAt: null, paymentDueAt: null }),
  held: stateWith({ status: 'held', holdDueAt: HOUR_MS }),
  requested: stateWith({}),
  awaiting_payment: stateWith({
    status: 'awaiting_payment',
    approval: 'given',
    answerDueAt: null,
  }),
  confirmed: confirmed('saved'),
  in_progress: { ...confirmed('captured'), status: 'in_progress' } as SessionState,
  completed: { ...ended('completed'), attendance: 'attended' } as SessionState,
  no_show: { ...ended('no_show'), attendance: 'absent' } as SessionState,
  declined: ended('declined'),
  expired: { ...ended('expired'), missed: 'answer' } as SessionState,
  cancelled: { ...ended('cancelled'), by: 'client' } as SessionState,
};

function confirmed(payment: 'saved' | 'captured' | 'not_due'): SessionState {
  const without = { answerDueAt: null, paymentDueAt: null };
  return stateWith({ status: 'confirmed', approval: 'given', payment, ...without });
}

function ended(status: SessionStatus): SessionState {
  return stateWith({ status, answerDueAt: null, paymentDueAt: null });
}

const PROPOSAL = {
  startsAt: START + 48 * HOUR_MS,
  endsAt: START + 49 * HOUR_MS,
  answerDueAt: 24 * HOUR_MS,
};

const MOVE = { type: 'reschedule', proposal: PROPOSAL, by: 'client' } as const;
const EVENTS: Readonly<Record<string, SessionEvent>> = {
  submit: { type: 'submit' },
  approve: { type: 'approve' },
  decline: { type: 'decline' },
  card_saved: { type: 'card_saved' },
  payment_authorised: { type: 'payment_authorised', captureBeforeAt: null },
  payment_captured: { type: 'payment_captured' },
  payment_lapsed: { type: 'payment_lapsed', paymentDueAt: 60 * HOUR_MS },
  reschedule: { ...MOVE, needsApproval: false },
  'reschedule to be approved': { ...MOVE, needsApproval: true },
  proposal_lapsed: { type: 'proposal_lapsed' },
  'cancel by the client': { type: 'cancel', by: 'client' },
  'cancel by the therapist': { type: 'cancel', by: 'therapist' },
  start: { type: 'start' },
  mark_attendance: { type: 'mark_attendance', attendance: 'attended' },
  end: { type: 'end' },
};

const MOVABLE = {
  planned: 'planned',
  requested: 'requested',
  awaiting_payment: 'awaiting_payment',
  confirmed: 'confirmed',
} as const;

/** Where each event leads from each status of EXAMPLES; what is not named is refused or unchanged. */
const LEGAL: Readonly<Record<string, Partial<Record<SessionStatus, SessionStatus>>>> = {
  submit: { planned: 'requested', held: 'requested' },
  approve: { planned: 'planned', requested: 'awaiting_payment' },
  decline: { planned: 'declined', requested: 'declined' },
  card_saved: {
    planned: 'planned',
    held: 'held',
    requested: 'requested',
    awaiting_payment: 'confirmed',
  },
  payment_authorised: {
    planned: 'planned',
    held: 'held',
    requested: 'requested',
    awaiting_payment: 'awaiting_payment',
    confirmed: 'awaiting_payment',
  },
  payment_captured: {
    planned: 'planned',
    held: 'held',
    requested: 'requested',
    awaiting_payment: 'confirmed',
    confirmed: 'confirmed',
  },
  payment_lapsed: { confirmed: 'awaiting_payment' },
  reschedule: MOVABLE,
  'reschedule to be approved': MOVABLE,
  'cancel by the client': everyOpen('cancelled'),
  'cancel by the therapist': everyOpen('cancelled'),
  start: { confirmed: 'in_progress' },
  mark_attendance: { in_progress: 'completed' },
  end: { in_progress: 'completed' },
};

function everyOpen(to: SessionStatus): Partial<Record<SessionStatus, SessionStatus>> {
  const open = ['planned', 'held', 'requested', 'awaiting_payment', 'confirmed'] as const;
  return Object.fromEntries(open.map((status) => [status, to]));
}

const MATRIX = SESSION_STATUSES.flatMap((status) =>
  Object.keys(EVENTS).map((event) => [status, event, LEGAL[event]?.[status] ?? null] as const),
);

describe('every event in every state', () => {
  test.each(MATRIX)('%s, %s: %s', (status, event, to) => {
    const before = EXAMPLES[status];
    const now = status === 'in_progress' ? START : HOUR_MS / 2;
    const decision = decide(before, EVENTS[event]!, now);
    if (to === null) return expect(decision.kind).not.toBe('moved');
    expect(decision).toMatchObject({ kind: 'moved', state: { status: to } });
  });

  test.each(SESSION_STATUSES)('%s: a deadline ends only what waits for it', (status) => {
    const ends = ['hold', 'answer', 'payment'].filter((deadline) => {
      const event = { type: 'deadline_passed', deadline: deadline as Deadline } as const;
      return decide(EXAMPLES[status], event, START).kind === 'moved';
    });
    const waits: Partial<Record<SessionStatus, string[]>> = {
      held: ['hold'],
      requested: ['answer', 'payment'],
      awaiting_payment: ['payment'],
    };
    expect(ends).toEqual(waits[status] ?? []);
  });

  test('what is too late is refused by its own code', () => {
    const at = (state: SessionState, event: string, now: number) =>
      decide(state, EVENTS[event]!, now);
    expect(at(EXAMPLES.requested, 'approve', START)).toEqual(refused('time_in_past'));
    expect(at(EXAMPLES.confirmed, 'reschedule', START)).toEqual(
      refused('reschedule_deadline_passed'),
    );
    for (const state of [EXAMPLES.confirmed, EXAMPLES.in_progress]) {
      expect(at(state, 'cancel by the client', START)).toEqual(
        refused('cancellation_deadline_passed'),
      );
    }
    expect(at(EXAMPLES.in_progress, 'mark_attendance', START - 1)).toEqual(refused('wrong_state'));
    const proposed = { ...EXAMPLES.confirmed, proposal: PROPOSAL };
    expect(at(proposed, 'approve', PROPOSAL.startsAt)).toEqual(refused('time_in_past'));
    expect(at(proposed, 'reschedule', 0)).toEqual(refused('wrong_state'));
  });

  test('the same new time asked for again moves nothing a second time', () => {
    const confirmed = EXAMPLES.confirmed;
    for (const event of ['reschedule', 'reschedule to be approved']) {
      const once = decide(confirmed, EVENTS[event]!, 0);
      expect(once.kind).toBe('moved');
      const state = once.kind === 'moved' ? once.state : confirmed;
      expect(decide(state, EVENTS[event]!, 0)).toEqual({ kind: 'unchanged' });
    }
    const ended = { ...EXAMPLES.completed, startsAt: PROPOSAL.startsAt, endsAt: PROPOSAL.endsAt };
    expect(decide(ended, EVENTS['reschedule']!, 0)).toEqual(refused('wrong_state'));
  });

  test('one deadline is not another, and none ends anything before its time', () => {
    const { requested, awaiting_payment: unpaid, held } = EXAMPLES;
    const passed = (state: SessionState, deadline: Deadline, now: number): string =>
      decide(state, { type: 'deadline_passed', deadline }, now).kind;
    expect(passed(requested, 'answer', requested.answerDueAt! - 1)).toBe('unchanged');
    expect(passed(requested, 'answer', requested.answerDueAt!)).toBe('moved');
    expect(passed(unpaid, 'payment', unpaid.paymentDueAt! - 1)).toBe('unchanged');
    expect(passed(held, 'hold', held.holdDueAt! - 1)).toBe('unchanged');
    const authorised = { ...requested, payment: 'authorised' } as SessionState;
    expect(passed(authorised, 'payment', START)).toBe('unchanged');
  });
});

function refused(code: string): object {
  return { kind: 'refused', code };
}

const originArbitrary: fc.Arbitrary<SessionState> = fc
  .record({
    approval: fc.constantFrom('not_needed', 'awaited'),
    payment: fc.constantFrom('not_due', 'due'),
    isHeld: fc.boolean(),
  })
  .map(({ approval, payment, isHeld }) => {
    const paymentDueAt = payment === 'due' ? 48 * HOUR_MS : null;
    const answerDueAt = approval === 'awaited' ? 24 * HOUR_MS : null;
    const held = stateWith({
      status: 'held',
      approval,
      payment,
      paymentDueAt,
      answerDueAt,
      holdDueAt: HOUR_MS,
    });
    if (isHeld) return held;
    const submitted = decide(held, EVENTS['submit']!, 0);
    return submitted.kind === 'moved' ? submitted.state : held;
  });

const hours = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map((count) => count * HOUR_MS);

const eventArbitrary: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.constantFrom(...Object.values(EVENTS)),
  fc.record({
    type: fc.constant('payment_authorised' as const),
    captureBeforeAt: fc.option(hours(0, 170)),
  }),
  fc.record({
    type: fc.constant('deadline_passed' as const),
    deadline: fc.constantFrom<Deadline>('hold', 'answer', 'payment'),
  }),
  fc.record({ type: fc.constant('payment_lapsed' as const), paymentDueAt: hours(0, 300) }),
  fc
    .record({ startsAt: hours(0, 400), answersIn: hours(0, 100), needsApproval: fc.boolean() })
    .map(({ startsAt, answersIn, needsApproval }) => ({
      by: 'client' as const,
      type: 'reschedule' as const,
      proposal: { startsAt, endsAt: startsAt + HOUR_MS, answerDueAt: answersIn },
      needsApproval,
    })),
);

const lifeArbitrary = fc.record({
  origin: originArbitrary,
  steps: fc.array(fc.record({ event: eventArbitrary, afterMs: hours(0, 20) }), { maxLength: 40 }),
});

interface Step {
  readonly before: SessionState;
  readonly event: SessionEvent;
  readonly after: SessionState;
  readonly now: number;
}

/** Checks a property of every step of random lives, at times that only go on. */
function inEveryLife(check: (step: Step) => void): void {
  fc.assert(
    fc.property(lifeArbitrary, ({ origin, steps }) => {
      let before = origin;
      let now = 0;
      for (const { event, afterMs } of steps) {
        now += afterMs;
        const decision = decide(before, event, now);
        const after = decision.kind === 'moved' ? decision.state : before;
        check({ before, event, after, now });
        before = after;
      }
    }),
    { numRuns: 1_000 },
  );
}

describe('in random lives', () => {
  test('an ended session never moves again, and its deadlines are over', () => {
    inEveryLife(({ before, after }) => {
      if (isEnded(before.status)) expect(after).toBe(before);
      if (!isEnded(after.status)) return;
      expect(nextDeadline(after)).toBeNull();
      expect(after.proposal).toBeNull();
    });
  });

  test('nothing is confirmed without its approval and its money', () => {
    inEveryLife(({ after }) => {
      if (after.status !== 'confirmed' && after.status !== 'in_progress') return;
      expect(after.approval).not.toBe('awaited');
      if (after.status === 'confirmed') {
        expect(['not_due', 'saved', 'captured']).toContain(after.payment);
      }
    });
  });

  test('money that was captured stays captured, and an approval stays given', () => {
    inEveryLife(({ before, after }) => {
      if (before.payment === 'captured') expect(after.payment).toBe('captured');
      if (before.payment === 'not_due') expect(after.payment).toBe('not_due');
      if (before.approval !== 'awaited') expect(after.approval).toBe(before.approval);
    });
  });

  test('the next deadline belongs to the state, is its first, and ends it exactly then', () => {
    inEveryLife(({ after }) => {
      const next = nextDeadline(after);
      const running: Partial<Record<SessionStatus, (number | null)[]>> = {
        held: [after.holdDueAt],
        requested: [after.answerDueAt, after.payment === 'due' ? after.paymentDueAt : null],
        awaiting_payment: [after.payment === 'due' ? after.paymentDueAt : null],
      };
      const instants = (running[after.status] ?? []).filter((at) => at !== null);
      expect(next?.dueAt ?? null).toBe(instants.length === 0 ? null : Math.min(...instants));
      if (next === null) return;
      const passing = { type: 'deadline_passed', deadline: next.deadline } as const;
      expect(decide(after, passing, next.dueAt - 1).kind).toBe('unchanged');
      expect(decide(after, passing, next.dueAt)).toMatchObject({
        state: { status: 'expired', missed: next.deadline },
      });
    });
  });

  test('a new time leaves money and approval alone; version and time change together', () => {
    inEveryLife(({ before, event, after }) => {
      const hasNewTime = after.startsAt !== before.startsAt || after.endsAt !== before.endsAt;
      if (hasNewTime) expect(after.scheduleVersion).toBe(before.scheduleVersion + 1);
      if (event.type !== 'reschedule' || after === before) return;
      const { approval, payment, status } = before;
      expect(after).toMatchObject({ approval, payment, status });
      const isMoved = after.scheduleVersion > before.scheduleVersion;
      expect(isMoved).toBe(after.proposal === null);
    });
  });

  test('a refused or lapsed proposal leaves exactly the session that it was proposed to', () => {
    inEveryLife(({ before, event, after }) => {
      if (event.type !== 'reschedule' || after === before || after.proposal === null) return;
      for (const type of ['decline', 'proposal_lapsed'] as const) {
        expect(decide(after, { type }, 0)).toEqual({ kind: 'moved', state: before });
      }
    });
  });

  test('an authorisation holds the answer to its time, and never sets it into the past', () => {
    inEveryLife(({ before, event, after, now }) => {
      if (event.type !== 'payment_authorised' || after === before) return;
      const [was, is] = [before.answerDueAt, after.answerDueAt];
      if (is === null || was === null) return;
      if (was > now) expect(is).toBeGreaterThan(now);
      const limit = event.captureBeforeAt ?? Number.POSITIVE_INFINITY;
      if (limit > now) expect(is).toBeLessThanOrEqual(limit);
      if (limit - 12 * HOUR_MS > now) expect(is).toBeLessThanOrEqual(limit - 12 * HOUR_MS);
    });
  });
});

describe('approval and payment', () => {
  const shuffled = fc.shuffledSubarray(
    ['approve', 'payment_authorised', 'payment_captured', 'card_saved'],
    { minLength: 0 },
  );

  test.each(['payment_captured', 'payment_authorised', 'card_saved'])(
    'approve and %s end in the same state in either order',
    (payment) => {
      const one = runThrough(['approve', payment]);
      expect(runThrough([payment, 'approve'])).toEqual(one);
      expect(one.status).toBe(payment === 'payment_authorised' ? 'awaiting_payment' : 'confirmed');
    },
  );

  test('the same news twice, or an older one after a newer one, changes nothing', () => {
    fc.assert(
      fc.property(shuffled, (order) => {
        const state = runThrough(['payment_authorised', 'payment_captured', 'approve']);
        const again = order.reduce((from, event) => stepped(from, event), state);
        expect(again).toEqual(state);
      }),
    );
    for (const from of [runThrough(['payment_authorised']), EXAMPLES.confirmed]) {
      expect(decide(from, EVENTS['card_saved']!, 0).kind).toBe('unchanged');
    }
  });

  function runThrough(events: readonly string[]): SessionState {
    return events.reduce((state, event) => stepped(state, event), EXAMPLES.requested);
  }

  function stepped(state: SessionState, event: string): SessionState {
    const decision = decide(state, EVENTS[event]!, 0);
    return decision.kind === 'moved' ? decision.state : state;
  }
});
