import { setTimeout as delay } from 'node:timers/promises';
import type { TwilioContext } from './context.ts';
import type { Keypad } from './keypad.ts';
import type { CallEvent, CallRecord, CallStatus } from './records.ts';
import { API_VERSION, durationSeconds, isFinalCall, rfc2822 } from './records.ts';

/** One call while it is being carried: whoever holds the line may change the call. */
export interface Line {
  readonly sid: string;
  /** Aborted when the line is given up or the stand-in closes. */
  readonly ended: AbortSignal;
  /** Set while the call asks for keys. */
  keypad: Keypad | null;
  call(): CallRecord;
  change(changes: Partial<CallRecord>): void;
  /** Adds a line to the transcript. */
  note(text: string): void;
  /** Sends the progress callback, if the caller asked for this event. */
  notify(event: CallEvent): void;
  /** Waits; rejects as soon as the line has ended. */
  rest(ms: number): Promise<void>;
  /** Ends the call with this status; false when it or the line has ended already. */
  hangUp(status: CallStatus): boolean;
  /** Lets go of the call without ending it. */
  giveUp(): void;
}

export function openLine(context: TwilioContext, first: CallRecord): Line {
  const released = new AbortController();
  const ended = AbortSignal.any([released.signal, context.closing]);
  const { sid } = first;
  const call = (): CallRecord => context.calls.get(sid) ?? first;
  const change = (changes: Partial<CallRecord>): void => {
    if (!ended.aborted) {
      context.calls.put(sid, { ...call(), ...changes, updatedAt: context.clock() });
    }
  };
  const notify = (event: CallEvent): void => {
    const { statusCallback: url, statusCallbackMethod: method, ...current } = call();
    if (url === null || !current.statusCallbackEvents.includes(event)) return;
    context.webhooks.notify(sid, { url, method, params: progressParams(context, call(), event) });
    change({ sequence: current.sequence + 1 });
  };
  return {
    sid,
    ended,
    keypad: null,
    call,
    change,
    notify,
    note: (text) => change({ transcript: [...call().transcript, text] }),
    rest: (ms) => delay(ms, undefined, { signal: ended, ref: false }),
    hangUp(status) {
      if (ended.aborted || isFinalCall(call())) return false;
      change({ status, endedAt: context.clock() });
      notify('completed');
      released.abort();
      return true;
    },
    giveUp: () => released.abort(),
  };
}

/** What every request about a call carries. */
export function callParams(context: TwilioContext, call: CallRecord): Record<string, string> {
  return {
    AccountSid: context.accountSid,
    ApiVersion: API_VERSION,
    CallSid: call.sid,
    CallStatus: call.status,
    Called: call.to,
    Caller: call.from,
    Direction: 'outbound-api',
    From: call.from,
    To: call.to,
    ...(call.answeredBy === null ? {} : { AnsweredBy: call.answeredBy }),
  };
}

function progressParams(
  context: TwilioContext,
  call: CallRecord,
  event: CallEvent,
): Record<string, string> {
  const params: Record<string, string> = {
    ...callParams(context, call),
    CallbackSource: 'call-progress-events',
    SequenceNumber: String(call.sequence),
    Timestamp: rfc2822(context.clock()),
  };
  if (event !== 'completed') return params;
  const seconds = durationSeconds(call);
  return {
    ...params,
    CallDuration: String(seconds),
    Duration: String(Math.ceil(seconds / 60)),
  };
}
