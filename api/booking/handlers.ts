import type { HandlerMap } from '../http/handler.ts';
import {
  createAvailability,
  deleteAvailability,
  listAvailability,
  updateAvailability,
} from './availability.ts';
import { bookMeeting } from './book-meeting.ts';
import { cancelMeeting } from './cancel-meeting.ts';
import { getMeeting, listBookedMeetings } from './read-meetings.ts';
import { getAvailableSlots } from './slots.ts';
import { updateMeeting } from './update-meeting.ts';

/** The booking door: meetings, weekly availability, slots. */
export const bookingHandlers = {
  bookMeeting,
  listBookedMeetings,
  getMeeting,
  updateMeeting,
  cancelMeeting,
  createAvailability,
  listAvailability,
  updateAvailability,
  deleteAvailability,
  getAvailableSlots,
} satisfies Partial<HandlerMap>;
