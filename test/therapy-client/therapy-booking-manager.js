// The client that the therapy door's documentation publishes, as it stands there.
/* oxlint-disable */

// prettier-ignore
class TherapyBookingManager {
  constructor(apiClient) {
    this.api = apiClient;
    this.cache = new Map();
  }
  
  async searchTherapists(criteria) {
    const queryParams = new URLSearchParams(criteria);
    const response = await this.api.get(`/therapy/therapists/search?${queryParams}`);
    
    if (response.success) {
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async getTherapistAvailability(therapistId, startDate, endDate, sessionType = 'individual') {
    const cacheKey = `availability_${therapistId}_${startDate}_${endDate}_${sessionType}`;
    
    if (this.cache.has(cacheKey)) {
      const cached = this.cache.get(cacheKey);
      if (Date.now() - cached.timestamp < 60000) { // 1 minute cache
        return cached.data;
      }
    }
    
    const response = await this.api.get(
      `/therapy/therapists/${therapistId}/availability`,
      {
        params: {
          start_date: startDate,
          end_date: endDate,
          session_type: sessionType
        }
      }
    );
    
    if (response.success) {
      this.cache.set(cacheKey, {
        data: response.data,
        timestamp: Date.now()
      });
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async bookSession(bookingData) {
    const response = await this.api.post('/therapy/sessions/book', bookingData);
    
    if (response.success) {
      // Clear availability cache
      this.clearAvailabilityCache(bookingData.therapist_id);
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async confirmSession(sessionId, confirmationData) {
    const response = await this.api.post(
      `/therapy/sessions/${sessionId}/confirm`,
      confirmationData
    );
    
    if (response.success) {
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async getSession(sessionId) {
    const response = await this.api.get(`/therapy/sessions/${sessionId}`);
    
    if (response.success) {
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async rescheduleSession(sessionId, newDateTime, reason) {
    const response = await this.api.put(
      `/therapy/sessions/${sessionId}/reschedule`,
      {
        new_scheduled_at: newDateTime,
        reason
      }
    );
    
    if (response.success) {
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async cancelSession(sessionId, reason, requestRefund = true) {
    const response = await this.api.delete(
      `/therapy/sessions/${sessionId}`,
      {
        data: {
          reason,
          request_refund: requestRefund
        }
      }
    );
    
    if (response.success) {
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  async requestCrisisSession(crisisData) {
    const response = await this.api.post('/therapy/crisis/request', crisisData);
    
    if (response.success) {
      return response.data;
    }
    
    throw new Error(response.error.message);
  }
  
  clearAvailabilityCache(therapistId) {
    for (const [key] of this.cache) {
      if (key.includes(`availability_${therapistId}`)) {
        this.cache.delete(key);
      }
    }
  }
}

// prettier-ignore
const BOOKING_ERRORS = {
  SLOT_UNAVAILABLE: 'slot_unavailable',
  THERAPIST_UNAVAILABLE: 'therapist_unavailable',
  PAYMENT_FAILED: 'payment_failed',
  INSUFFICIENT_TOKENS: 'insufficient_tokens',
  INSURANCE_VERIFICATION_FAILED: 'insurance_verification_failed',
  BOOKING_LIMIT_EXCEEDED: 'booking_limit_exceeded',
  CANCELLATION_DEADLINE_PASSED: 'cancellation_deadline_passed'
};

// prettier-ignore
const handleBookingError = (error) => {
  switch (error.code) {
    case BOOKING_ERRORS.SLOT_UNAVAILABLE:
      return {
        message: 'This time slot is no longer available',
        action: 'select_different_slot',
        suggested_slots: error.alternative_slots
      };
      
    case BOOKING_ERRORS.PAYMENT_FAILED:
      return {
        message: 'Payment could not be processed',
        action: 'retry_payment',
        details: error.payment_error
      };
      
    case BOOKING_ERRORS.INSUFFICIENT_TOKENS:
      return {
        message: 'Insufficient MVT tokens for this session',
        action: 'purchase_tokens',
        required_amount: error.required_tokens,
        current_balance: error.current_balance
      };
      
    default:
      return {
        message: 'An unexpected error occurred',
        action: 'retry'
      };
  }
};

export { BOOKING_ERRORS, TherapyBookingManager, handleBookingError };
