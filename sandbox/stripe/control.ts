import express from 'express';
import type { Request } from 'express';
import { challengeRoutes } from './control-challenges.ts';
import { changesToSettings, faultIn, flag, found, pick, text, whole } from './control-input.ts';
import { idIn, reply } from './control-input.ts';
import { raiseDispute } from './disputes.ts';
import type { Engine } from './engine.ts';
import { idOf } from './ids.ts';
import { expireAuthorisation } from './payment-intent-ends.ts';
import { finishProcessing } from './payment-intent-machine.ts';

type Act = (req: Request) => unknown;
type Post = (path: string, act: Act) => void;

/** The stand-in's own routes: what cardholders, banks and bad days do. No part of Stripe's API. */
export function createControl(engine: Engine): express.Router {
  const router = express.Router();
  router.use(express.json(), express.urlencoded({ extended: false }));
  const post: Post = (path, act) => {
    router.post(path, (req, res) => reply(res, () => act(req)));
  };
  challengeRoutes(engine, router);
  bankRoutes(engine, post);
  webhookRoutes(engine, post);
  post('/faults', (req) => {
    const fault = faultIn(req.body);
    engine.faults.add(fault);
    return fault;
  });
  post('/faults/clear', () => (engine.faults.clear(), { faults: [] }));
  post('/idempotency_keys/forget', () => ({ forgotten: engine.keys.forget() }));
  post('/settings', (req) => engine.configure(changesToSettings(req.body)));
  post('/clock', (req) => {
    const { clockOffsetMs } = engine.core.settings();
    return engine.configure({ clockOffsetMs: clockOffsetMs + whole(req.body, 'advanceMs', 0) });
  });
  post('/reset', () => (engine.reset(), { reset: true }));
  router.get('/state', (_req, res) => {
    res.json(state(engine));
  });
  return router;
}

function bankRoutes(engine: Engine, post: Post): void {
  const { core } = engine;
  post('/payment_intents/:id/settle', (req) => {
    const outcome = pick(req.body, 'outcome', ['succeed', 'fail'] as const, 'succeed');
    return found(engine.act(() => finishProcessing(core, idIn(req), outcome)));
  });
  post('/payment_intents/:id/expire', (req) => {
    engine.act(() => expireAuthorisation(core, idIn(req)));
    return found(core.store.get('payment_intents', idIn(req)));
  });
  post('/payment_intents/:id/dispute', (req) => {
    const charge = idOf(core.store.get('payment_intents', idIn(req))?.latest_charge);
    engine.act(() => raiseDispute(core, charge ?? ''));
    return found(core.store.all('disputes').find((dispute) => dispute.charge === charge));
  });
}

function webhookRoutes(engine: Engine, post: Post): void {
  const { core, webhooks } = engine;
  post('/webhooks/pause', () => engine.configure({ webhooksHeld: 1 }));
  post('/webhooks/resume', () => engine.configure({ webhooksHeld: 0 }));
  post('/webhooks/flush', async (req) => {
    const order = pick(req.body, 'order', ['created', 'reverse', 'shuffle'] as const, 'created');
    const duplicate = whole(req.body, 'duplicate', 0);
    return { sent: await webhooks.flush(order, duplicate, flag(req.body, 'parallel')) };
  });
  post('/webhooks/resend', async (req) => {
    const event = found(core.store.get('events', text(req.body, 'event')));
    return { sent: await webhooks.resend(event, whole(req.body, 'times', 1)) };
  });
}

/** Everything that a test or the page may want to look at. */
function state({ core, faults }: Engine): unknown {
  const { store } = core;
  const charges = store.all('charges');
  const sum = (amounts: number[]): number => amounts.reduce((total, amount) => total + amount, 0);
  return {
    payment_intents: store.all('payment_intents'),
    charges,
    refunds: store.all('refunds'),
    payment_methods: store.all('payment_methods'),
    customers: store.all('customers'),
    setup_intents: store.all('setup_intents'),
    disputes: store.all('disputes'),
    events: store.all('events'),
    deliveries: store.all('deliveries'),
    idempotency_keys: store.entries('idempotency_keys').map(([key]) => key),
    tasks: store.all('tasks'),
    faults: faults.list(),
    settings: core.settings(),
    totals: {
      captured: sum(charges.map((charge) => charge.amount_captured)),
      refunded: sum(charges.map((charge) => charge.amount_refunded)),
    },
  };
}
