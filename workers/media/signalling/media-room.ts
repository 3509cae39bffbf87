import type { types } from 'mediasoup';

/** A router of a room and the server whose port its peers connect to. */
export interface MediaSeat {
  readonly router: types.Router;
  readonly webRtcServer: types.WebRtcServer;
}

export type MediaEnd = 'ended' | 'moved' | 'lost';

/** What signalling needs of a room's media. */
export interface MediaRoom {
  readonly sessionId: string;
  readonly epoch: number;
  readonly isClosed: boolean;
  /** What can be sent and received in it, on whichever seat. */
  readonly rtpCapabilities: types.RtpCapabilities;
  takeSeat(): Promise<MediaSeat>;
  leaveSeat(seat: MediaSeat): void;
  /** Makes a producer of one seat consumable on another. */
  reach(producer: types.Producer, from: MediaSeat, to: MediaSeat): Promise<void>;
  /** Has a microphone watched for who speaks in its place, and in no other from here on. */
  watchVoice(producer: types.Producer, seat: MediaSeat, place: string): Promise<void>;
  /** Hears who speaks in each place; null: whoever spoke there is silent now, or gone. */
  onSpeaker(listener: (place: string, producerId: string | null) => void): void;
  onClose(listener: (end: MediaEnd) => void): void;
  close(end: MediaEnd): void;
}
