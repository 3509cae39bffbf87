import type { Plan } from '../domain/plan.ts';

/** The demo clinic: fixed ids, so that a second start finds what the first one made. */
export const DEMO_CLINIC = {
  id: '0195f000-0000-7000-8000-000000000001',
  name: 'Harbor Therapy Clinic',
  timeZone: 'America/New_York',
  currency: 'USD',
} as const;

/** Everybody's password in the demo clinic. It meets the rule that registration applies. */
export const DEMO_PASSWORD = 'Harbor-demo-2024!';

export const DEMO_CREDIT_CENTS = 50_000;

/** What the desk of the demo clinic schedules with. */
export const DEMO_SERVICES = [
  { name: 'Individual session', minutes: 50, priceCents: 15_000, paidBy: 'client' },
  { name: 'Individual session, insured', minutes: 50, priceCents: 15_000, paidBy: 'insurance' },
  { name: 'First conversation', minutes: 30, priceCents: 0, paidBy: 'nobody' },
] as const;

export const DEMO_LOCATIONS = [
  { name: 'Harbor Street 12', type: 'in_person', address: '12 Harbor Street, Room 3' },
  { name: 'Video', type: 'telehealth', address: null },
] as const;

/** What the first patient's insurer has granted. */
export const DEMO_AUTHORISATION = {
  payer: 'Aetna',
  number: 'AET-2024-7781',
  sessions: 12,
  validDays: 365,
} as const;

export interface WeeklyHours {
  /** 0 is Sunday, in the therapist's own zone. */
  readonly days: readonly number[];
  readonly startMinute: number;
  readonly endMinute: number;
}

export interface DemoTherapist {
  readonly displayName: string;
  readonly acceptsAutomatically?: boolean;
  readonly bufferAfterMinutes?: number;
  readonly minimumNoticeMinutes?: number;
  readonly durationsMinutes: readonly number[];
  readonly sessionTypes: readonly string[];
  readonly specializations: readonly string[];
  readonly languages: readonly string[];
  readonly insurers: readonly string[];
  readonly ratesCents: Readonly<Record<string, number>>;
  readonly ratings?: { readonly sum: number; readonly count: number };
  readonly completedSessions?: number;
  readonly isCrisisTherapist?: boolean;
  readonly hours: readonly WeeklyHours[];
}

export interface DemoPerson {
  readonly id: string;
  readonly role: 'patient' | 'peer' | 'counselor' | 'admin' | 'staff';
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly phone: string;
  readonly timeZone: string;
  readonly language: string;
  readonly therapist?: DemoTherapist;
}

const WORKDAYS = [1, 2, 3, 4, 5];
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const HOUR = 60;

function personId(number: number): string {
  return `0195f000-0000-7000-8000-${String(100 + number).padStart(12, '0')}`;
}

const SARAH: DemoTherapist = {
  displayName: 'Dr. Sarah Johnson, LCSW',
  durationsMinutes: [50, 30, 60, 90, 120],
  sessionTypes: ['individual'],
  specializations: ['anxiety', 'depression', 'trauma'],
  languages: ['en', 'es'],
  insurers: ['Aetna', 'BlueCross'],
  ratesCents: { individual: 15_000, group: 7_500 },
  ratings: { sum: 49, count: 10 },
  completedSessions: 1_250,
  hours: [
    { days: WORKDAYS, startMinute: 9 * HOUR, endMinute: 12 * HOUR },
    { days: WORKDAYS, startMinute: 13 * HOUR, endMinute: 18 * HOUR },
  ],
};

const JONAS: DemoTherapist = {
  displayName: 'Dr. Jonas Weber',
  durationsMinutes: [50, 30, 60, 90, 120],
  sessionTypes: ['individual'],
  specializations: ['depression', 'grief'],
  languages: ['de', 'en'],
  insurers: ['Aetna'],
  ratesCents: { individual: 12_000 },
  ratings: { sum: 14, count: 3 },
  completedSessions: 310,
  hours: [
    { days: [1, 2, 4], startMinute: 8 * HOUR, endMinute: 16 * HOUR },
    { days: [3, 6], startMinute: 10 * HOUR, endMinute: 14 * HOUR },
  ],
};

const MAYA: DemoTherapist = {
  displayName: 'Maya Lindqvist, PsyD',
  acceptsAutomatically: true,
  durationsMinutes: [60, 30, 90],
  sessionTypes: ['individual', 'couples'],
  specializations: ['anxiety', 'relationships', 'stress'],
  languages: ['en', 'sv'],
  insurers: ['BlueCross', 'Cigna'],
  ratesCents: { individual: 18_000, couples: 24_000 },
  ratings: { sum: 33, count: 7 },
  completedSessions: 540,
  hours: [{ days: [1, 2, 3, 4, 5, 6], startMinute: 10 * HOUR, endMinute: 19 * HOUR }],
};

/** Offers sessions of one minute around the clock, for a life that passes while one watches. */
const QUINN: DemoTherapist = {
  displayName: 'Quinn Rivera, LMFT',
  bufferAfterMinutes: 0,
  minimumNoticeMinutes: 0,
  durationsMinutes: [1],
  sessionTypes: ['demo'],
  specializations: ['stress'],
  languages: ['en'],
  insurers: ['Aetna'],
  ratesCents: { demo: 4_000 },
  hours: [{ days: EVERY_DAY, startMinute: 0, endMinute: 24 * HOUR }],
};

const MICHAEL: DemoTherapist = {
  displayName: 'Dr. Michael Chen, LCSW',
  durationsMinutes: [50, 60],
  sessionTypes: ['crisis'],
  specializations: ['crisis_intervention', 'trauma'],
  languages: ['en', 'zh'],
  insurers: [],
  ratesCents: {},
  isCrisisTherapist: true,
  hours: [{ days: EVERY_DAY, startMinute: 0, endMinute: 24 * HOUR }],
};

function person(
  number: number,
  role: DemoPerson['role'],
  name: string,
  extra: { timeZone?: string; language?: string; therapist?: DemoTherapist } = {},
): DemoPerson {
  const [firstName = name, lastName = ''] = name.split(' ');
  return {
    id: personId(number),
    role,
    username: firstName.toLowerCase(),
    firstName,
    lastName,
    phone: `+1500555${String(1000 + number)}`,
    timeZone: extra.timeZone ?? 'America/New_York',
    language: extra.language ?? 'en',
    ...(extra.therapist === undefined ? {} : { therapist: extra.therapist }),
  };
}

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  person(1, 'patient', 'Ada Moreau'),
  person(2, 'patient', 'Ben Okafor', { timeZone: 'America/Los_Angeles' }),
  person(3, 'patient', 'Clara Vogel', { timeZone: 'Europe/Berlin', language: 'de' }),
  person(4, 'patient', 'Dev Patel'),
  person(11, 'counselor', 'Sarah Johnson', { therapist: SARAH }),
  person(12, 'counselor', 'Jonas Weber', { timeZone: 'Europe/Berlin', therapist: JONAS }),
  person(13, 'counselor', 'Maya Lindqvist', { therapist: MAYA }),
  person(14, 'counselor', 'Quinn Rivera', { therapist: QUINN }),
  person(15, 'counselor', 'Michael Chen', { therapist: MICHAEL }),
  person(21, 'peer', 'Priya Nair'),
  person(31, 'staff', 'Sam Fletcher'),
  person(41, 'admin', 'Alex Admin'),
];

/** Plans whose times are in seconds; the therapist of `demo` sessions is {@link QUINN}. */
export function quickPlan(base: Plan): Plan {
  return {
    ...base,
    holdTtlMs: 30_000,
    approval: { by: 'therapist', ttlMs: 60_000 },
    payment: { ...base.payment, by: 'client', ttlMs: 60_000, dueBeforeStartMs: 0 },
    reminders: [{ beforeStartMs: 5_000, channels: ['email', 'sms'] }],
    receiptWindowMs: 2_000,
    room: { opensBeforeStartMs: 10_000, closesAfterEndMs: 10_000 },
    noShowGraceMs: 5_000,
    attendanceWindowMs: 5_000,
    followUp: { afterEndMs: 3_000, askForRating: true, offerRebooking: true },
    cancellation: { freeUntilBeforeStartMs: 5_000, feePercent: 50 },
    rescheduleUntilBeforeStartMs: 5_000,
    buffers: { beforeMs: 0, afterMs: 0 },
    minimumNoticeMs: 0,
    limits: { maxOpenPerClient: 1_000, maxPerClientPerDay: 1_000 },
  };
}
