import { TELETHERAPY_ROWS } from './teletherapy-rows.ts';
import { v7 as uuidv7 } from 'uuid';
import type { OperationId } from '../../../api/generated/operations.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import { ALERT_ROWS } from './alert-rows.ts';
import { GROUP_ROWS } from './group-rows.ts';
import { MESSAGE_ROWS } from './message-rows.ts';
import { ON_CALL_ROWS } from './on-call-rows.ts';
import { give } from './row.ts';
import { SUPPORT_SESSION_ROWS } from './support-session-rows.ts';
import type { Group, Row } from './row.ts';
import { RECORD_ROWS } from './record-rows.ts';
import { SCREENING_ROWS } from './screening-rows.ts';
import { SUPPORT_CRISIS_ROWS } from './support-crisis-rows.ts';

const EVERYBODY: Row = { rest: 'allowed' };
const OWN_CLINIC_STAFF = give('allowed', 'staff', 'admin');
const ADMINS = give('allowed', 'admin', 'foreignAdmin');
const STAFF = give('allowed', 'staff', 'admin', 'foreignStaff', 'foreignAdmin');
const CALENDAR_KEEPERS = {
  ...give('allowed', 'therapist', 'staff', 'admin'),
  ...give('hidden', 'foreignStaff', 'foreignAdmin'),
};
const VERIFIED = give('allowed', 'therapist', 'otherTherapist', 'foreignTherapist');
const PATIENTS = give('allowed', 'client', 'otherClient', 'foreignClient');
const THERAPISTS = give(
  'allowed',
  'therapist',
  'otherTherapist',
  'unverifiedCounselor',
  'foreignTherapist',
);
const HIDDEN_HOURS = give('hidden', 'foreignTherapist');
const FOREIGNERS = give(
  'hidden',
  'foreignClient',
  'foreignTherapist',
  'foreignStaff',
  'foreignAdmin',
);

/** A session is hidden from all but its two people and those who run its clinic. */
function session(may: Group, status?: string, body?: unknown): Row {
  const parties = give('forbidden', 'client', 'therapist', 'staff', 'admin');
  return {
    request: async (world) => ({ id: await world.session(status), body }),
    rest: 'hidden',
    outcomes: { ...parties, ...may },
  };
}

/** At the booking door another's meeting is no secret within the clinic. */
function meeting(may: Group, status?: string, body?: unknown): Row {
  const row = session(may, status, body);
  return { ...row, rest: 'forbidden', outcomes: { ...FOREIGNERS, ...row.outcomes } };
}

function webhook(): Row {
  return {
    request: async (world) => ({ id: await world.webhook() }),
    rest: 'forbidden',
    outcomes: { admin: 'allowed', foreignAdmin: 'hidden' },
  };
}

/** An offer is its client's alone. */
function offer(body?: unknown): Row {
  return {
    request: async (world) => ({ id: await world.offer(), body }),
    rest: 'forbidden',
    outcomes: { client: 'allowed', ...give('hidden', 'otherClient', 'foreignClient') },
  };
}

/** People are judged by their own clinic's admins. */
function judged(): Row {
  return {
    request: async (world) => ({ id: await world.helper() }),
    rest: 'forbidden',
    outcomes: { admin: 'allowed', foreignAdmin: 'hidden' },
  };
}

const ITS_PEOPLE = { ...give('allowed', 'client', 'therapist'), ...OWN_CLINIC_STAFF };
const CONSENT = { therapy_agreement: true, privacy_policy: true, cancellation_policy: true };
const LATER = new Date(Date.now() + 5 * 86_400_000).toISOString();
const POLICY = { name: 'matrix', isActive: false, plan: DEFAULT_PLAN };

/** Who may do what: every operation of openapi.yaml has its row, or the test fails. */
export const MATRIX: Record<OperationId, Row> = {
  ...TELETHERAPY_ROWS,
  ...ALERT_ROWS,
  ...SUPPORT_SESSION_ROWS,
  getHealth: EVERYBODY,
  getReadiness: EVERYBODY,
  getJwks: EVERYBODY,
  register: { ...EVERYBODY, request: () => ({ body: accountOf(uuidv7()) }) },
  login: { rest: 'unauthenticated', request: () => ({ body: { email: uuidv7(), password: 'x' } }) },
  refresh: { rest: 'unauthenticated', request: () => ({ body: { refreshToken: 'x' } }) },
  logout: EVERYBODY,
  getMe: EVERYBODY,
  putProfile: { ...EVERYBODY, request: () => ({ body: { profile: { firstName: 'A' } } }) },
  // Let in, and then told that this is not their password.
  changePassword: {
    ...EVERYBODY,
    request: () => ({ body: { currentPassword: 'x', newPassword: 'Another-pass1' } }),
  },
  forgotPassword: { ...EVERYBODY, request: () => ({ body: { email: uuidv7() } }) },
  resetPassword: {
    rest: 'refused',
    request: () => ({
      body: { token: 'x', newPassword: 'Another-pass1', confirmPassword: 'Another-pass1' },
    }),
    outcomes: { anonymous: 'refused' },
  },
  signInAnonymously: EVERYBODY,
  verifyToken: EVERYBODY,
  verifyEmail: { rest: 'hidden', request: () => ({ query: '?token=x' }) },

  searchTherapists: EVERYBODY,
  getTherapistAvailability: {
    request: ({ people }) => ({ id: people.therapist.id, query: '?date_from=2031-01-06' }),
    rest: 'allowed',
    outcomes: FOREIGNERS,
  },
  bookTherapySession: {
    request: ({ people }) => ({ body: bookingOf(people.therapist.id) }),
    rest: 'forbidden',
    outcomes: { ...PATIENTS, ...FOREIGNERS },
  },
  listTherapySessions: EVERYBODY,
  getTherapySession: session(ITS_PEOPLE),
  getTherapyCalendar: session(ITS_PEOPLE),
  getCancellationQuote: session(ITS_PEOPLE),
  cancelTherapySession: session(ITS_PEOPLE),
  rescheduleTherapySession: session(ITS_PEOPLE, 'confirmed', { new_scheduled_at: LATER }),
  confirmTherapySession: session(give('allowed', 'client'), 'awaiting_payment', {
    payment_method: 'credit_card',
    card_token: 'pm_card_visa',
    consent: CONSENT,
  }),
  approveTherapySession: session(give('allowed', 'therapist'), 'requested'),
  declineTherapySession: session(give('allowed', 'therapist'), 'requested'),

  listBookedMeetings: EVERYBODY,
  bookMeeting: {
    request: ({ people }) => ({
      body: { therapistId: people.therapist.id, startTime: LATER, duration: 60 },
    }),
    rest: 'forbidden',
    // The therapist has no hours, so that her client is refused for the time alone.
    outcomes: { ...FOREIGNERS, client: 'refused' },
  },
  getMeeting: meeting(ITS_PEOPLE),
  updateMeeting: meeting(ITS_PEOPLE, 'confirmed', {}),
  cancelMeeting: meeting(ITS_PEOPLE),
  listAvailability: { rest: 'barred', outcomes: THERAPISTS },
  createAvailability: {
    request: async (world) => ({ body: await world.hours() }),
    rest: 'barred',
    outcomes: THERAPISTS,
  },
  updateAvailability: {
    request: async (world) => ({ id: await world.rule(), body: { notes: 'x' } }),
    rest: 'barred',
    outcomes: { therapist: 'allowed', otherTherapist: 'forbidden', ...HIDDEN_HOURS },
  },
  deleteAvailability: {
    request: async (world) => ({ id: await world.rule() }),
    rest: 'barred',
    outcomes: { therapist: 'allowed', otherTherapist: 'forbidden', ...HIDDEN_HOURS },
  },
  getAvailableSlots: {
    request: ({ people }) => ({ query: `?therapistId=${people.therapist.id}&date=2031-01-06` }),
    rest: 'allowed',
    outcomes: FOREIGNERS,
  },

  getScheduleBatch: {
    request: () => ({ query: '?start_date=2031-01-06&end_date=2031-01-12' }),
    rest: 'forbidden',
    outcomes: { ...STAFF, ...VERIFIED },
  },
  postScheduleBatch: {
    request: ({ people }) => ({
      body: {
        start_date: '2031-01-06',
        end_date: '2031-01-12',
        therapist_ids: [people.therapist.id],
      },
    }),
    rest: 'forbidden',
    outcomes: { ...STAFF, therapist: 'allowed' },
  },
  listScheduledSessions: { rest: 'forbidden', outcomes: { ...STAFF, ...VERIFIED } },
  getDropdownData: { rest: 'forbidden', outcomes: { ...STAFF, ...VERIFIED } },
  holdScheduledSession: {
    request: ({ people }) => ({
      body: {
        session: {
          therapist_id: people.therapist.id,
          client_id: people.client.id,
          start_time: LATER,
        },
        duration_minutes: 50,
      },
    }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'therapist', 'staff', 'admin'),
      ...give('hidden', 'foreignStaff', 'foreignAdmin'),
    },
  },
  confirmScheduledSession: {
    request: () => ({ body: { hold_key: 'unknown', session: { start_time: LATER } } }),
    rest: 'forbidden',
    outcomes: {
      ...give('hidden', 'therapist', 'otherTherapist', 'staff', 'admin'),
      ...give('hidden', 'foreignTherapist', 'foreignStaff', 'foreignAdmin'),
    },
  },
  cancelScheduledSession: {
    request: async (world) => ({ body: { session_id: await world.session() } }),
    rest: 'forbidden',
    outcomes: {
      ...give('hidden', 'otherTherapist', 'foreignTherapist', 'foreignStaff', 'foreignAdmin'),
      ...give('allowed', 'therapist', 'staff', 'admin'),
    },
  },
  ...GROUP_ROWS,
  getSessionTimeline: session(ITS_PEOPLE),
  recordAttendance: session(give('allowed', 'therapist'), 'in_progress', {
    attendance: 'attended',
  }),
  getSessionAttendance: session({ ...give('allowed', 'therapist'), ...OWN_CLINIC_STAFF }),
  rateSession: session(give('allowed', 'client'), 'completed', { rating: 5 }),
  getTherapistSettings: {
    request: ({ people }) => ({ id: people.therapist.id }),
    rest: 'forbidden',
    outcomes: { ...give('allowed', 'therapist', 'admin'), foreignAdmin: 'hidden' },
  },
  putTherapistSettings: {
    request: ({ people }) => ({ id: people.therapist.id, body: { acceptsAutomatically: false } }),
    rest: 'forbidden',
    outcomes: { ...give('allowed', 'therapist', 'admin'), foreignAdmin: 'hidden' },
  },
  listAvailabilityExceptions: {
    request: ({ people }) => ({ id: people.therapist.id }),
    rest: 'forbidden',
    outcomes: CALENDAR_KEEPERS,
  },
  createAvailabilityException: {
    request: ({ people }) => ({
      id: people.therapist.id,
      body: { kind: 'extra', startDate: '2131-01-06' },
    }),
    rest: 'forbidden',
    outcomes: CALENDAR_KEEPERS,
  },
  deleteAvailabilityException: {
    request: async (world) => ({
      id: world.people.therapist.id,
      exceptionId: await world.exception(),
    }),
    rest: 'forbidden',
    outcomes: CALENDAR_KEEPERS,
  },
  listPeople: { rest: 'forbidden', outcomes: ADMINS },
  ...RECORD_ROWS,
  verifyPerson: judged(),
  suspendPerson: judged(),
  reinstatePerson: judged(),
  listRelationships: {
    request: ({ people }) => ({ query: `?therapistId=${people.therapist.id}` }),
    rest: 'forbidden',
    outcomes: { ...STAFF, therapist: 'allowed' },
  },
  createRelationship: {
    request: ({ people }) => ({
      body: { therapistId: people.therapist.id, clientId: people.otherClient.id },
    }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'therapist', 'staff', 'admin'),
      ...give('refused', 'foreignStaff', 'foreignAdmin'),
    },
  },
  endRelationship: {
    request: async (world) => ({ id: await world.relationship() }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'therapist', 'staff', 'admin'),
      ...give('hidden', 'otherTherapist', 'unverifiedCounselor'),
      ...give('hidden', 'foreignTherapist', 'foreignStaff', 'foreignAdmin'),
    },
  },
  listSeries: EVERYBODY,
  createSeries: {
    request: ({ people }) => ({ body: seriesOf(people.therapist.id, people.client.id) }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'client', 'therapist', 'staff', 'admin'),
      ...give('hidden', 'foreignStaff', 'foreignAdmin'),
    },
  },
  editSeriesOccurrences: {
    request: async (world) => ({ id: await world.series(), body: { answer: 'approve' } }),
    rest: 'hidden',
    outcomes: {
      ...give('forbidden', 'client', 'staff', 'admin'),
      therapist: 'allowed',
    },
  },
  listPolicies: { rest: 'forbidden', outcomes: ADMINS },
  createPolicy: { request: () => ({ body: POLICY }), rest: 'forbidden', outcomes: ADMINS },
  putPolicy: {
    request: async (world) => ({ id: await world.policy(), body: POLICY }),
    rest: 'forbidden',
    outcomes: { admin: 'allowed', foreignAdmin: 'hidden' },
  },
  getCredits: { rest: 'forbidden', outcomes: PATIENTS },
  listCreditEntries: { rest: 'forbidden', outcomes: PATIENTS },
  purchaseCredits: {
    request: () => ({ body: { amountCents: 1000, cardToken: 'pm_card_visa' } }),
    rest: 'forbidden',
    outcomes: PATIENTS,
  },
  listTasks: { rest: 'forbidden', outcomes: STAFF },
  completeTask: {
    request: async (world) => ({ id: await world.task() }),
    rest: 'forbidden',
    outcomes: { ...OWN_CLINIC_STAFF, ...give('hidden', 'foreignStaff', 'foreignAdmin') },
  },
  listWaitlist: { rest: 'forbidden', outcomes: { ...STAFF, ...PATIENTS } },
  joinWaitlist: {
    request: () => ({ body: { format: 'video', untilDate: LATER.slice(0, 10) } }),
    rest: 'forbidden',
    outcomes: PATIENTS,
  },
  leaveWaitlist: {
    request: async (world) => ({ id: await world.wish() }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'client', 'staff', 'admin'),
      ...give('hidden', 'otherClient', 'foreignClient', 'foreignStaff', 'foreignAdmin'),
    },
  },
  listWebhooks: { rest: 'forbidden', outcomes: ADMINS },
  createWebhook: {
    request: () => ({ body: { url: 'https://events.example.com/in' } }),
    rest: 'forbidden',
    outcomes: ADMINS,
  },
  rotateWebhookSecret: webhook(),
  deleteWebhook: webhook(),
  listWebhookDeliveries: webhook(),
  replayWebhookDelivery: {
    request: async (world) => ({ id: await world.delivery() }),
    rest: 'forbidden',
    outcomes: { admin: 'allowed', foreignAdmin: 'hidden' },
  },
  listCalendarFeeds: EVERYBODY,
  createCalendarFeed: { ...EVERYBODY, request: () => ({ body: { kind: 'export' } }) },
  revokeCalendarFeed: {
    request: async (world) => ({ id: await world.calendarFeed() }),
    rest: 'hidden',
    outcomes: { therapist: 'allowed' },
  },
  listOffers: { rest: 'forbidden', outcomes: PATIENTS },
  acceptOffer: offer({ choiceId: 'refund' }),
  declineOffer: offer(),
  getCalendarFile: { request: () => ({ id: 'nothing.ics' }), rest: 'hidden' },
  getNotificationPreferences: EVERYBODY,
  putNotificationPreferences: { ...EVERYBODY, request: () => ({ body: { sms: true } }) },
  ...ON_CALL_ROWS,
  ...MESSAGE_ROWS,
  ...SUPPORT_CRISIS_ROWS,
  ...SCREENING_ROWS,
};

function seriesOf(therapistId: string, clientId: string): Record<string, unknown> {
  const times = { timeZone: 'UTC', startTime: '09:30', durationMinutes: 50 };
  const common = { therapistId, clientId, sessionType: 'individual', format: 'video' };
  return { ...common, ...times, dates: ['2031-01-06'] };
}

function accountOf(name: string): Record<string, unknown> {
  const email = `${name}@test.example`;
  return { username: name, email, password: 'SecurePass123', profile: { age: 30 } };
}

function bookingOf(therapistId: string): Record<string, unknown> {
  return {
    therapist_id: therapistId,
    session_type: 'individual',
    scheduled_at: LATER,
    duration: 50,
    session_format: 'video',
  };
}
