import type { LiveRoom } from './live-room.ts';
import type { Peer } from './peer.ts';
import type { Shape } from './shape.ts';

/** A client's request, its payload checked. */
export interface EventCall<P> {
  readonly room: LiveRoom;
  readonly peer: Peer;
  readonly payload: P;
}

export interface RoomEventDefinition {
  readonly shape: Shape<unknown>;
  readonly handle: (call: EventCall<never>) => Promise<object> | object;
}

/** Ties a payload's shape to the handler that takes it. */
export function define<T>(
  shape: Shape<T>,
  handle: (call: EventCall<T>) => Promise<object> | object,
): RoomEventDefinition {
  return { shape, handle };
}
