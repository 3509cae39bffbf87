import type { HandlerMap } from '../http/handler.ts';
import { manageBreakoutRooms } from './breakouts.ts';
import { createChatRoom } from './chat-room.ts';
import { createTeletherapySession } from './create.ts';
import { joinTeletherapySession, leaveTeletherapySession, redeemAccessCode } from './join.ts';
import { listRecordings, updateRecordingConsent } from './recordings.ts';
import { downloadRecording } from './recording-files.ts';
import { listSessionNotes, updateSessionNotes } from './notes.ts';
import { addParticipants, removeParticipants, updateParticipantRole } from './participants.ts';
import { checkRelationship, getTeletherapySession, listUpcomingSessions } from './read.ts';
import { cancelTeletherapySession, updateSessionStatus } from './status.ts';
import { getTranscript } from './transcript.ts';

/** The door of therapists who host sessions in rooms. */
export const teletherapyHandlers = {
  createTeletherapySession,
  listUpcomingSessions,
  checkRelationship,
  getTeletherapySession,
  updateSessionStatus,
  listSessionNotes,
  updateSessionNotes,
  cancelTeletherapySession,
  addParticipants,
  removeParticipants,
  updateParticipantRole,
  manageBreakoutRooms,
  joinTeletherapySession,
  redeemAccessCode,
  leaveTeletherapySession,
  listRecordings,
  updateRecordingConsent,
  downloadRecording,
  getTranscript,
  createChatRoom,
} satisfies Partial<HandlerMap>;
