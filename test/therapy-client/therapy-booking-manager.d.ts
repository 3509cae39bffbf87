/** What the published client asks of its `apiClient`; every answer is the parsed body. */
export interface ApiClient {
  get(path: string, options?: { params: Record<string, string> }): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  put(path: string, body: unknown): Promise<unknown>;
  delete(path: string, options?: { data: unknown }): Promise<unknown>;
}

type Data = Record<string, unknown>;

export class TherapyBookingManager {
  constructor(apiClient: ApiClient);
  searchTherapists(criteria: Record<string, string>): Promise<Data>;
  getTherapistAvailability(
    therapistId: string,
    startDate: string,
    endDate: string,
    sessionType?: string,
  ): Promise<Data>;
  bookSession(bookingData: Data): Promise<Data>;
  confirmSession(sessionId: string, confirmationData: Data): Promise<Data>;
  getSession(sessionId: string): Promise<Data>;
  rescheduleSession(sessionId: string, newDateTime: string, reason: string): Promise<Data>;
  cancelSession(sessionId: string, reason: string, requestRefund?: boolean): Promise<Data>;
  requestCrisisSession(crisisData: Data): Promise<Data>;
}

export const BOOKING_ERRORS: Readonly<Record<string, string>>;

export function handleBookingError(error: Data): Data;
