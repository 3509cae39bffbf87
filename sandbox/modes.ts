import express, { type Router } from 'express';

/** How a stand-in behaves at the moment. */
export interface Modes<M extends string> {
  now(): M;
  set(mode: M): void;
  /** `GET` tells the mode and how often it was asked; `PUT {mode}` sets another. */
  readonly router: Router;
}

/** Lets a test, or a curious person, choose how a stand-in behaves from now on. */
export function createModes<M extends string>(
  modes: readonly M[],
  first: M,
  asked: () => number,
): Modes<M> {
  let mode = first;
  const router = express.Router();
  router.get('/', (_req, res) => void res.json({ mode, modes, asked: asked() }));
  router.put('/', express.json(), (req, res) => {
    const given: unknown = (req.body as { mode?: unknown } | undefined)?.mode;
    const known = modes.find((one) => one === given);
    if (known === undefined) {
      res.status(400).json({ error: `mode is one of ${modes.join(', ')}` });
      return;
    }
    mode = known;
    res.json({ mode });
  });
  return {
    now: () => mode,
    set: (other) => {
      mode = other;
    },
    router,
  };
}
