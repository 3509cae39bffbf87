export interface RoomOf {
  readonly sessionId: string;
}

/** When a session's room is open, epoch ms; `over` where it has none, or none any more. */
export type RoomTimes =
  | { readonly kind: 'over' }
  | { readonly kind: 'due'; readonly opensAt: number; readonly closesAt: number };

/** Where a room lives; null where it lives nowhere. */
export type RoomPlace = { readonly hostId: string; readonly epoch: number } | null;

/** What any worker can do about a room. All of it is safe to run twice. */
export interface RoomActivities {
  /** The times by the session's record. */
  readRoomTimes(input: RoomOf): Promise<RoomTimes>;
  /** Gives the room a host, ahead of those who join; null where no host takes rooms. */
  placeRoomAhead(input: RoomOf): Promise<RoomPlace>;
  findRoom(input: RoomOf): Promise<RoomPlace>;
  /** Ends a placement whose host has not answered: it closes the room when the lease ends. */
  forgetRoom(input: RoomOf & { readonly epoch: number }): Promise<void>;
}

/** What a host of rooms does itself, on its own task queue. */
export interface MediaHostActivities {
  prepareRoom(input: RoomOf & { readonly epoch: number }): Promise<void>;
  endRoom(input: RoomOf): Promise<void>;
}
