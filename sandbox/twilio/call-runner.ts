import { openLine, type Line } from './call-line.ts';
import { perform, type CallDocument } from './call-script.ts';
import type { TwilioContext } from './context.ts';
import { fateOf } from './numbers.ts';
import type { CallEvent, CallRecord, CallStatus } from './records.ts';
import { isFinalCall } from './records.ts';

export interface CallRunner {
  start(call: CallRecord): void;
  /** Ends a call that is under way; false when it has ended already. */
  end(sid: string, status: CallStatus): boolean;
  /** Has a call leave what it is doing for another document; false when it has ended. */
  redirect(sid: string, document: CallDocument): boolean;
  /** Presses keys; null when the call isn't asking for any. */
  press(sid: string, keys: string): { readonly submitted: boolean } | null;
  /** Takes up the calls that were under way when the stand-in stopped. */
  resume(): void;
}

/** Carries calls from dialling to hanging up. */
export function createCallRunner(context: TwilioContext): CallRunner {
  const lines = new Map<string, Line>();

  const carry: Carry = (call, task) => {
    const line = openLine(context, call);
    lines.set(call.sid, line);
    context.later(0, () => {
      void task(line)
        .catch(() => line.hangUp('completed'))
        .finally(() => {
          if (lines.get(call.sid) === line) lines.delete(call.sid);
        });
    });
  };
  const start = (call: CallRecord): void => carry(call, (line) => dial(context, line));
  return {
    start,
    end: (sid, status) => lines.get(sid)?.hangUp(status) ?? false,
    redirect(sid, document) {
      const line = lines.get(sid);
      if (line === undefined || isFinalCall(line.call())) return false;
      line.giveUp();
      carry(line.call(), (next) => perform(context, next, document));
      return true;
    },
    press(sid, keys) {
      const line = lines.get(sid);
      if (line === undefined || line.keypad === null) return null;
      line.note(`pressed: ${keys}`);
      return { submitted: line.keypad.press(keys) };
    },
    resume: () => resume(context, start, carry),
  };
}

type Carry = (call: CallRecord, task: (line: Line) => Promise<void>) => void;

function resume(context: TwilioContext, start: (call: CallRecord) => void, carry: Carry): void {
  const unfinished = context.calls.list().filter((call) => !isFinalCall(call));
  for (const call of unfinished) {
    if (call.status !== 'in-progress') start(call);
    else carry(call, async (line) => void line.hangUp('completed'));
  }
}

async function dial(context: TwilioContext, line: Line): Promise<void> {
  const fate = fateOf(line.call().to).call;
  await enter(context, line, 'initiated');
  if ('ends' in fate && fate.ends === 'failed') {
    line.hangUp('failed');
    return;
  }
  await enter(context, line, 'ringing');
  if ('ends' in fate) {
    if (fate.ends === 'no-answer') {
      await line.rest(line.call().ringTimeoutSeconds * context.secondMs);
    }
    line.hangUp(fate.ends);
    return;
  }
  await line.rest(context.stepDelayMs);
  const who = 'answeredBy' in fate ? fate.answeredBy : 'human';
  const answeredBy = line.call().machineDetection ? who : null;
  line.change({ status: 'in-progress', startedAt: context.clock(), answeredBy });
  line.notify('answered');
  await perform(context, line, line.call());
}

async function enter(
  context: TwilioContext,
  line: Line,
  status: CallStatus & CallEvent,
): Promise<void> {
  await line.rest(context.stepDelayMs);
  line.change({ status });
  line.notify(status);
}
