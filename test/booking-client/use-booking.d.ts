type Meeting = Record<string, unknown> & { id: string; status: string };

export interface Slot {
  readonly startTime: string;
  readonly availableDurations: readonly { id: string; name: string; duration: number }[];
}

export function useBooking(): {
  readonly meetings: Meeting[];
  readonly availableSlots: Slot[];
  bookMeeting(meetingData: Record<string, unknown>): Promise<Meeting>;
  getAvailableSlots(therapistId: string, date: string): Promise<Slot[]>;
  cancelMeeting(meetingId: string): Promise<true>;
};
