import { absences, freedSlots } from '../offers/consumers.ts';
import { roomAttendance } from '../rooms/attendance.ts';
import { roomPresence } from '../rooms/presence-news.ts';
import { chatRooms } from '../rooms/chat-rooms.ts';
import { supportSessions } from '../support/starting.ts';
import { roomSeats } from '../rooms/seats.ts';
import { roomStandings } from '../rooms/standings.ts';
import { roomTimes } from '../rooms/starting.ts';
import { transcripts } from '../transcripts/starting.ts';
import type { OutboxConsumer } from './contract.ts';
import { queueWebhooks } from './queue-webhooks.ts';
import { preparations } from './preparing.ts';
import { seriesCards } from './pass-card-on.ts';
import { tellSockets } from './tell-sockets.ts';

export type { OutboxConsumer, OutboxDeps } from './contract.ts';

/** Everybody who hears of events. */
export const CONSUMERS: readonly OutboxConsumer[] = [
  tellSockets,
  queueWebhooks,
  seriesCards,
  freedSlots,
  absences,
  preparations,
  supportSessions,
  chatRooms,
  roomTimes,
  roomStandings,
  roomPresence,
  transcripts,
  roomAttendance,
  roomSeats,
];
