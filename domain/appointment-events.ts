import { assertNever } from './assert-never.ts';

/** The events of the booking door, with its published fields. Instants are ISO strings in UTC. */
export const APPOINTMENT_EVENTS = [
  'AppointmentBooked',
  'AppointmentRescheduled',
  'AppointmentCancelled',
  'AppointmentCompleted',
] as const;

export type AppointmentEventType = (typeof APPOINTMENT_EVENTS)[number];

/** What people typed about a session: health data, given only to those who have asked for it. */
export interface AppointmentTexts {
  readonly title: string | null;
  readonly description: string | null;
  /** Why it was moved or called off. */
  readonly reason: string | null;
  readonly sessionNotes: string | null;
}

export interface Appointment {
  readonly id: string;
  readonly clientId: string;
  readonly therapistId: string;
  readonly meetingType: 'video' | 'audio' | 'chat' | 'in_person';
}

/** One step of a session that its appointment's followers hear of. All instants are epoch ms. */
export type AppointmentStep =
  | {
      readonly type: 'AppointmentBooked';
      readonly startsAt: number;
      readonly endsAt: number;
      readonly isInitialConsultation: boolean;
    }
  | {
      readonly type: 'AppointmentRescheduled';
      readonly oldStartsAt: number;
      readonly newStartsAt: number;
      /** Who asked for it; null for the product itself. */
      readonly actorId: string | null;
    }
  | {
      readonly type: 'AppointmentCancelled';
      readonly startsAt: number;
      readonly cancelledAt: number;
      readonly actorId: string | null;
    }
  | {
      readonly type: 'AppointmentCompleted';
      readonly startsAt: number;
      readonly endsAt: number;
      readonly completedAt: number;
      readonly attendance: 'ATTENDED' | 'NO_SHOW';
    };

export type AppointmentData = Readonly<Record<string, string | number | boolean>>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Says nothing about anybody. */
const PLAIN_TITLE = 'Appointment';
/** Stands for a person where the product acted by itself. */
const NOBODY = 'system';

/**
 * The published fields of one step. Without `texts` (null) the title is a plain word, optional
 * texts are left out and the others are empty.
 */
export function appointmentData(
  appointment: Appointment,
  step: AppointmentStep,
  texts: AppointmentTexts | null,
): AppointmentData {
  const { id: appointmentId, clientId, therapistId, meetingType } = appointment;
  const ids = { appointmentId, clientId, therapistId };
  switch (step.type) {
    case 'AppointmentBooked':
      return {
        ...ids,
        startTime: instant(step.startsAt),
        meetingType,
        duration: minutes(step),
        title: texts?.title ?? PLAIN_TITLE,
        ...(texts?.description == null ? {} : { description: texts.description }),
        isInitialConsultation: step.isInitialConsultation,
      };
    case 'AppointmentRescheduled':
      return {
        ...ids,
        rescheduledBy: step.actorId ?? NOBODY,
        originalStartTime: instant(step.oldStartsAt),
        newStartTime: instant(step.newStartsAt),
        rescheduleReason: texts?.reason ?? '',
      };
    case 'AppointmentCancelled':
      return {
        ...ids,
        cancelledBy: step.actorId ?? NOBODY,
        cancellationReason: texts?.reason ?? '',
        originalStartTime: instant(step.startsAt),
        cancelledAt: instant(step.cancelledAt),
        cancellationNotice: noticeHours(step),
      };
    case 'AppointmentCompleted':
      return {
        ...ids,
        completedAt: instant(step.completedAt),
        duration: minutes(step),
        sessionNotes: texts?.sessionNotes ?? '',
        attendanceStatus: step.attendance,
      };
    default:
      return assertNever(step);
  }
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function minutes({ startsAt, endsAt }: { startsAt: number; endsAt: number }): number {
  return Math.round((endsAt - startsAt) / MINUTE_MS);
}

/** Hours between the cancellation and the start, to two decimals; 0 once it has begun. */
function noticeHours({ startsAt, cancelledAt }: { startsAt: number; cancelledAt: number }): number {
  return Math.round(Math.max(0, (startsAt - cancelledAt) / HOUR_MS) * 100) / 100;
}
