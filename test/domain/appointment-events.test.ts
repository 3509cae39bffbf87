import { describe, expect, test } from '@jest/globals';
import {
  type Appointment,
  type AppointmentStep,
  type AppointmentTexts,
  appointmentData,
} from '../../domain/appointment-events.ts';

const appointment: Appointment = {
  id: 'meeting',
  clientId: 'client',
  therapistId: 'therapist',
  meetingType: 'video',
};
const ids = { appointmentId: 'meeting', clientId: 'client', therapistId: 'therapist' };
const START = Date.parse('2031-01-15T14:00:00Z');
const END = START + 90 * 60_000;
const texts: AppointmentTexts = {
  title: 'Typed title',
  description: 'Typed description',
  reason: 'Typed reason',
  sessionNotes: 'Typed notes',
};

const steps: readonly [AppointmentStep, object, object][] = [
  [
    { type: 'AppointmentBooked', startsAt: START, endsAt: END, isInitialConsultation: true },
    {
      startTime: '2031-01-15T14:00:00.000Z',
      meetingType: 'video',
      duration: 90,
      title: 'Typed title',
      description: 'Typed description',
      isInitialConsultation: true,
    },
    {
      startTime: '2031-01-15T14:00:00.000Z',
      meetingType: 'video',
      duration: 90,
      title: 'Appointment',
      isInitialConsultation: true,
    },
  ],
  [
    { type: 'AppointmentRescheduled', oldStartsAt: START, newStartsAt: END, actorId: 'client' },
    {
      rescheduledBy: 'client',
      originalStartTime: '2031-01-15T14:00:00.000Z',
      newStartTime: '2031-01-15T15:30:00.000Z',
      rescheduleReason: 'Typed reason',
    },
    {
      rescheduledBy: 'client',
      originalStartTime: '2031-01-15T14:00:00.000Z',
      newStartTime: '2031-01-15T15:30:00.000Z',
      rescheduleReason: '',
    },
  ],
  [
    {
      type: 'AppointmentCancelled',
      startsAt: START,
      cancelledAt: START - 5_400_000,
      actorId: null,
    },
    {
      cancelledBy: 'system',
      cancellationReason: 'Typed reason',
      originalStartTime: '2031-01-15T14:00:00.000Z',
      cancelledAt: '2031-01-15T12:30:00.000Z',
      cancellationNotice: 1.5,
    },
    {
      cancelledBy: 'system',
      cancellationReason: '',
      originalStartTime: '2031-01-15T14:00:00.000Z',
      cancelledAt: '2031-01-15T12:30:00.000Z',
      cancellationNotice: 1.5,
    },
  ],
  [
    {
      type: 'AppointmentCompleted',
      startsAt: START,
      endsAt: END,
      completedAt: END,
      attendance: 'NO_SHOW',
    },
    {
      completedAt: '2031-01-15T15:30:00.000Z',
      duration: 90,
      sessionNotes: 'Typed notes',
      attendanceStatus: 'NO_SHOW',
    },
    {
      completedAt: '2031-01-15T15:30:00.000Z',
      duration: 90,
      sessionNotes: '',
      attendanceStatus: 'NO_SHOW',
    },
  ],
];

describe.each(steps)('$type', (step, withTexts, without) => {
  test('has the published fields', () => {
    expect(appointmentData(appointment, step, texts)).toEqual({ ...ids, ...withTexts });
  });

  test('without texts has them all the same, and no word that anybody typed', () => {
    const data = appointmentData(appointment, step, null);
    expect(data).toEqual({ ...ids, ...without });
    expect(JSON.stringify(data)).not.toContain('Typed');
  });
});

test('the notice of a cancellation is never negative', () => {
  const late: AppointmentStep = {
    type: 'AppointmentCancelled',
    startsAt: START,
    cancelledAt: START + 60_000,
    actorId: null,
  };
  expect(appointmentData(appointment, late, null)['cancellationNotice']).toBe(0);
});
