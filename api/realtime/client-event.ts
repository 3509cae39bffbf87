import { HoldfastError } from '../../domain/errors.ts';
import type { EventAnswer, EventCall } from './event-call.ts';

/** One event that a signed-in client may send. */
export interface ClientEvent {
  /** Its result goes to the sender's acknowledgement. */
  readonly handle: (call: EventCall) => Promise<EventAnswer>;
  /** Its words are looked at even where the event is refused. */
  readonly criesForHelp?: boolean;
  /**
   * A call for help: no limit refuses it, and nothing sent before holds it up. Its payload is a list,
   * since what comes while one waits becomes part of it.
   */
  readonly isUrgent?: boolean;
  /** Too many of them are passed over without a word. */
  readonly isQuiet?: boolean;
}

/** An event whose payload `parse` reads; null from it refuses the event as malformed. */
export function clientEvent<Payload>(
  parse: (payload: unknown) => Payload | null,
  handle: (call: EventCall<Payload>) => Promise<EventAnswer>,
  traits: Omit<ClientEvent, 'handle'> = {},
): ClientEvent {
  return {
    ...traits,
    handle: async (call) => {
      const payload = parse(call.payload);
      if (payload !== null) return handle({ ...call, payload });
      if (traits.criesForHelp === true) call.live.cries.hear(call.connection, call.payload);
      throw new HoldfastError('malformed_request', 'The payload does not fit');
    },
  };
}
