export interface KeypadOptions {
  /** Sends the digits on as soon as there are this many; null for no limit. */
  readonly digitCount: number | null;
  /** Sends the digits on, without itself; empty for no such key. */
  readonly finishOnKey: string;
  /** Silence after which the digits are sent on, however many there are. */
  readonly waitMs: number;
  /** Rejects `digits` when the call ends. */
  readonly signal: AbortSignal;
}

export interface Keypad {
  /** What was keyed in; empty after nothing but silence. */
  readonly digits: Promise<string>;
  /** Whether these keys sent the digits on. */
  press(keys: string): boolean;
}

/** Collects keys as a `<Gather>` does. */
export function createKeypad(options: KeypadOptions): Keypad {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let collected = '';
  let open = true;
  const finish = (): true => {
    open = false;
    clearTimeout(timer);
    resolve(collected);
    return true;
  };
  const timer = setTimeout(finish, options.waitMs);
  timer.unref();
  options.signal.addEventListener('abort', () => {
    clearTimeout(timer);
    reject(new Error('The call has ended'));
  });
  return {
    digits: promise,
    press(keys) {
      for (const key of keys) {
        if (!open) return true;
        if (key === options.finishOnKey && collected !== '') return finish();
        collected += key;
        if (collected.length === options.digitCount) return finish();
      }
      timer.refresh();
      return false;
    },
  };
}
