import type { HandlerMap } from '../http/handler.ts';
import { createTeletherapySession } from './create.ts';
import { listSessionNotes, updateSessionNotes } from './notes.ts';
import { addParticipants, removeParticipants, updateParticipantRole } from './participants.ts';
import { checkRelationship, getTeletherapySession, listUpcomingSessions } from './read.ts';
import { cancelTeletherapySession, updateSessionStatus } from './status.ts';

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
} satisfies Partial<HandlerMap>;
