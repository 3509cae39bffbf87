import { DEFAULT_POLICIES } from '../../../domain/escalation-policy.ts';
import { give } from './row.ts';
import type { Request, Row } from './row.ts';
import type { World } from './world.ts';

const ADMINS = give('allowed', 'admin', 'foreignAdmin');
const ITS_ADMIN = { admin: 'allowed', foreignAdmin: 'hidden' } as const;
const HELPERS: Row = {
  rest: 'allowed',
  outcomes: give('forbidden', 'client', 'otherClient', 'foreignClient', 'unverifiedCounselor'),
};
const NOTHING = '00000000-0000-7000-8000-000000000000';
const { critical } = DEFAULT_POLICIES;

/** Only the clinic's own people can be on its rosters. */
function roster({ people }: World): Record<string, unknown> {
  const turns = { people: [people.therapist.id], shiftMinutes: 1_440, handOverTime: '08:00' };
  return { name: 'matrix', rotations: [{ ...turns, timeZone: 'UTC', startsOn: '2031-01-06' }] };
}

function ofRoster(fill: (world: World) => Omit<Request, 'id'>): Row {
  return {
    request: async (world) => ({ id: await world.roster(), ...fill(world) }),
    rest: 'forbidden',
    outcomes: ITS_ADMIN,
  };
}

export const ON_CALL_ROWS = {
  listRosters: { rest: 'forbidden', outcomes: ADMINS },
  createRoster: {
    request: (world: World) => ({ body: roster(world) }),
    rest: 'forbidden',
    outcomes: ADMINS,
  },
  putRoster: ofRoster((world) => ({ body: roster(world) })),
  createRosterOverride: ofRoster(({ people }) => ({
    body: {
      personId: people.therapist.id,
      startsAt: '2131-01-06T08:00:00Z',
      endsAt: '2131-01-06T20:00:00Z',
    },
  })),
  listRosterShifts: ofRoster(() => ({
    query: '?from=2031-01-06T00:00:00Z&to=2031-01-09T00:00:00Z',
  })),
  getEscalationPolicies: { rest: 'forbidden', outcomes: ADMINS },
  putEscalationPolicies: {
    request: () => ({ body: { policies: { critical } } }),
    rest: 'forbidden',
    outcomes: ADMINS,
  },
  // Nobody answers the phone here: whoever may verify one hears that, or that there is none.
  verifyPhone: { request: () => ({ body: { channel: 'sms' } }), ...HELPERS },
  confirmPhone: {
    request: () => ({ body: { id: NOTHING, code: '000000' } }),
    rest: 'hidden',
    outcomes: give('forbidden', 'client', 'otherClient', 'foreignClient', 'unverifiedCounselor'),
  },
  getResources: { rest: 'forbidden', outcomes: ADMINS },
  putResources: {
    request: () => ({ body: { resources: [{ kind: 'hotline', title: 'x', phone: '988' }] } }),
    rest: 'forbidden',
    outcomes: ADMINS,
  },
  getCrisisReadiness: { rest: 'forbidden', outcomes: ADMINS },
  startDrill: { request: () => ({ body: {} }), rest: 'forbidden', outcomes: ADMINS },
  listDrills: { rest: 'forbidden', outcomes: ADMINS },
} satisfies Record<string, Row>;
