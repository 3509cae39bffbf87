import type { types } from 'mediasoup-client';

export interface Joined {
  readonly token: string;
  readonly signalingUrl: string;
  readonly iceServers: RTCIceServer[];
}

export interface Person {
  readonly personId: string;
  readonly name: string;
  readonly role: string;
  readonly isAway: boolean;
}

/** Whether the room is recorded, and what this person has said to it. */
export interface RecordingView {
  readonly state: 'off' | 'waiting' | 'on';
  readonly isEnabled: boolean;
  readonly isAvailable: boolean;
  readonly missingConsents: number;
  readonly consent: boolean | null;
  readonly endedBy: 'withdrawal' | null;
}

/** A room as its host shows it to one person. */
export interface RoomView {
  readonly personId: string;
  readonly place: 'waiting' | 'inside';
  readonly role?: string;
  readonly mode: 'video' | 'audio' | 'text';
  readonly closesAt: number;
  readonly peers?: Person[];
  readonly breakout?: { readonly id: string; readonly name: string } | null;
  readonly breakoutEndsAt?: number | null;
  readonly isLocked?: boolean;
  readonly waiting?: Person[];
  readonly everybody?: (Person & { readonly breakoutId: string | null })[];
  readonly breakouts?: { readonly id: string; readonly name: string }[];
  readonly recording?: RecordingView;
}

/** What somebody is told first. */
export interface Welcome extends RoomView {
  /** What the room can send and receive; a room of text has none. */
  readonly rtpCapabilities?: types.RtpCapabilities;
}
