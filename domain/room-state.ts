import type { ErrorCode } from './errors.ts';

/** What a room can be, what can happen in it, and what follows. All instants are epoch ms. */
export const ROOM_ROLES = ['host', 'co_host', 'participant', 'observer'] as const;
export type RoomRole = (typeof ROOM_ROLES)[number];

export const ROOM_MODES = ['video', 'audio', 'text'] as const;
export type RoomMode = (typeof ROOM_MODES)[number];

export type MediaKind = 'audio' | 'video';

/** What is decided about a room before it opens. */
export interface RoomPolicy {
  readonly mode: RoomMode;
  /** How many may be inside at once, hosts included and observers not. */
  readonly capacity: number;
  readonly maxObservers: number;
  /** Whether those who are no hosts wait until somebody lets them in. */
  readonly hasWaitingRoom: boolean;
  /** Before it nobody but hosts comes in. */
  readonly opensAt: number;
  /** It ends by itself then, whoever is still there. */
  readonly closesAt: number;
  /** Whoever loses every connection keeps their place for so long. */
  readonly graceMs: number;
  /** Whether who comes later may read what was written before; unsaid means yes. */
  readonly isChatShownToLater?: boolean;
}

export interface Occupant {
  readonly personId: string;
  /** As others are shown it. */
  readonly name: string;
  readonly role: RoomRole;
  readonly place: 'waiting' | 'inside';
  /** Which breakout they are in; null for the main room. */
  readonly breakoutId: string | null;
  /** Their tabs; none while they are away within the grace. */
  readonly connectionIds: readonly string[];
  /** Those of them that came by the session's code alone; unsaid means none. */
  readonly codeIds?: readonly string[];
  /** Tabs that came by the code while they were here, and wait by themselves; unsaid means none. */
  readonly knockingIds?: readonly string[];
  /** Since when they have had no connection; null while they have one. */
  readonly awaySince: number | null;
}

export interface Breakouts {
  readonly rooms: Readonly<Record<string, { readonly name: string }>>;
  /** Where those belong who are not inside yet. */
  readonly awaited?: Readonly<Record<string, string>>;
  /** Everybody comes back then; null when only a host ends it. */
  readonly endsAt: number | null;
}

export interface RoomState {
  readonly policy: RoomPolicy;
  readonly occupants: Readonly<Record<string, Occupant>>;
  readonly breakouts: Breakouts | null;
  readonly isLocked: boolean;
  readonly isClosed: boolean;
  /** Who was let in once need not ask again. */
  readonly admittedIds: readonly string[];
  /** Who was removed does not come back, unless they are added to the session again. */
  readonly removedIds: readonly string[];
  /** The roles that were given to people of the session: who comes with an older pass has these. */
  readonly roles: Readonly<Record<string, RoomRole>>;
}

/** Somebody's own word to the room; `by` is who says it. */
export type RoomCommand =
  | { readonly type: 'admit'; readonly by: string; readonly personId: string }
  | { readonly type: 'deny'; readonly by: string; readonly personId: string }
  | { readonly type: 'remove'; readonly by: string; readonly personId: string }
  /** Whoever was removed may come again, as if for the first time. */
  | { readonly type: 'readmit'; readonly by: string; readonly personId: string }
  | {
      readonly type: 'ask_mute';
      readonly by: string;
      readonly personId: string;
      readonly kind: MediaKind;
    }
  | { readonly type: 'lock'; readonly by: string; readonly isLocked: boolean }
  | {
      readonly type: 'promote';
      readonly by: string;
      readonly personId: string;
      readonly role: Exclude<RoomRole, 'host'>;
    }
  | {
      readonly type: 'create_breakouts';
      readonly by: string;
      readonly rooms: readonly {
        readonly id: string;
        readonly name: string;
        readonly personIds: readonly string[];
      }[];
      readonly durationMs: number | null;
    }
  | {
      readonly type: 'assign_breakout';
      readonly by: string;
      readonly personId: string;
      /** Null brings them back to the main room. */
      readonly breakoutId: string | null;
    }
  | { readonly type: 'broadcast'; readonly by: string; readonly text: string }
  | { readonly type: 'close_breakouts'; readonly by: string }
  | { readonly type: 'end'; readonly by: string }
  /** A silent call for help; `about` is whose trouble it is, where the caller says so. */
  | { readonly type: 'panic'; readonly by: string; readonly about: string | null };

export type RoomEvent =
  | RoomCommand
  | {
      readonly type: 'connect';
      readonly personId: string;
      readonly name: string;
      readonly role: RoomRole;
      readonly connectionId: string;
      /** By the session's code: whoever has it may be somebody else. */
      readonly isByCode?: boolean;
    }
  /** A connection is lost; its person may come back. */
  | { readonly type: 'disconnect'; readonly connectionId: string }
  /** A tab leaves on purpose. */
  | { readonly type: 'leave'; readonly connectionId: string }
  | { readonly type: 'tick' };

export type RoomNews =
  | { readonly event: 'peer-joined' | 'peer-away' | 'peer-back'; readonly personId: string }
  | { readonly event: 'peer-left'; readonly personId: string }
  | { readonly event: 'waiting'; readonly personId: string; readonly isWaiting: boolean }
  | { readonly event: 'admitted' | 'denied' | 'removed' }
  | { readonly event: 'mute-requested'; readonly kind: MediaKind }
  | { readonly event: 'role-changed'; readonly personId: string; readonly role: RoomRole }
  | { readonly event: 'locked'; readonly isLocked: boolean }
  | {
      readonly event: 'moved';
      readonly breakoutId: string | null;
      readonly name: string | null;
      readonly endsAt: number | null;
    }
  | { readonly event: 'broadcast'; readonly text: string }
  | { readonly event: 'room-closed'; readonly reason: CloseReason };

export type CloseReason = 'overdue' | 'ended';

export type RoomEffect =
  | { readonly kind: 'tell'; readonly to: readonly string[]; readonly news: RoomNews }
  /** Who may hear whom has changed: media that may not flow any more stops first of all. */
  | { readonly kind: 'reroute' }
  | {
      readonly kind: 'presence';
      readonly personId: string;
      readonly role: RoomRole;
      readonly edge: 'waiting' | 'joined' | 'left';
      /** Since when; null for now. Whoever lost their connection left then. */
      readonly since: number | null;
    }
  /** Ends connections; whatever is to be told them was told before. */
  | { readonly kind: 'disconnect'; readonly connectionIds: readonly string[] }
  /** Connections that are told nothing of the room until they are let in, and those that are or are not. */
  | { readonly kind: 'hold' | 'let_in' | 'turn_away'; readonly connectionIds: readonly string[] }
  /** Somebody needs help. No client is told. */
  | { readonly kind: 'alert'; readonly by: string; readonly about: string }
  | { readonly kind: 'close'; readonly reason: CloseReason };

export interface RoomStep {
  readonly state: RoomState;
  readonly effects: readonly RoomEffect[];
  /** Why nothing happened; null where something did, or where there was nothing to do. */
  readonly refused: ErrorCode | null;
}
