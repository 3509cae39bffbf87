// The hook that the booking door's documentation publishes, as it stands there.
/* oxlint-disable */
import { useState, useEffect } from 'react';
import { useAuth } from '@clerk/nextjs';

// prettier-ignore
export function useBooking() {
  const { getToken } = useAuth();
  const [meetings, setMeetings] = useState([]);
  const [availableSlots, setAvailableSlots] = useState([]);
  
  const bookMeeting = async (meetingData) => {
    const token = await getToken();
    const response = await fetch('/api/booking/meetings', {
      method: 'POST',
      headers: {
        'Authorization': `Bearer ${token}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(meetingData),
    });
    
    if (response.ok) {
      const newMeeting = await response.json();
      setMeetings(prev => [...prev, newMeeting]);
      return newMeeting;
    }
    throw new Error('Failed to book meeting');
  };
  
  const getAvailableSlots = async (therapistId, date) => {
    const token = await getToken();
    const response = await fetch(
      `/api/booking/slots?therapistId=${therapistId}&date=${date}`,
      {
        headers: {
          'Authorization': `Bearer ${token}`,
        },
      }
    );
    
    if (response.ok) {
      const slots = await response.json();
      setAvailableSlots(slots);
      return slots;
    }
    throw new Error('Failed to fetch available slots');
  };
  
  const cancelMeeting = async (meetingId) => {
    const token = await getToken();
    const response = await fetch(`/api/booking/meetings/${meetingId}/cancel`, {
      method: 'DELETE',
      headers: {
        'Authorization': `Bearer ${token}`,
      },
    });
    
    if (response.ok) {
      setMeetings(prev => 
        prev.map(meeting => 
          meeting.id === meetingId 
            ? { ...meeting, status: 'CANCELLED' }
            : meeting
        )
      );
      return true;
    }
    throw new Error('Failed to cancel meeting');
  };
  
  return {
    meetings,
    availableSlots,
    bookMeeting,
    getAvailableSlots,
    cancelMeeting,
  };
}
