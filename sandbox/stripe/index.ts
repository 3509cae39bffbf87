import type express from 'express';
import { createControl } from './control.ts';
import { createApi } from './api.ts';
import { Engine } from './engine.ts';
import type { StripeSandboxOptions } from './engine.ts';

export type { StripeSandboxOptions } from './engine.ts';

export type StripeSandbox = {
  /** Stripe's own API, to be mounted at `/v1`. */
  router: express.Router;
  /** What tests and pages steer it with, to be mounted at `/control/stripe`. */
  control: express.Router;
  /** Stops timers and deliveries and closes the file; safe to call twice. */
  close(): Promise<void>;
};

/**
 * A stand-in for Stripe that the official SDK talks to over loopback. See README.md beside this
 * file for its test cards and for what the control routes do.
 */
export function createStripeSandbox(options: StripeSandboxOptions): StripeSandbox {
  const engine = new Engine(options);
  return {
    router: createApi(engine),
    control: createControl(engine),
    close: () => engine.close(),
  };
}
