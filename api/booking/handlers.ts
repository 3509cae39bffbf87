import type { HandlerMap } from '../http/handler.ts';
import { bookMeeting } from './book-meeting.ts';
import { cancelMeeting } from './cancel-meeting.ts';
import { getMeeting, listBookedMeetings } from './read-meetings.ts';

/** The booking door: meetings, weekly availability, slots. */
export const bookingHandlers = {
  bookMeeting,
  listBookedMeetings,
  getMeeting,
  cancelMeeting,
} satisfies Partial<HandlerMap>;
