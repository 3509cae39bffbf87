import type { Request, Response, Router } from 'express';
import type { Stripe } from 'stripe';
import { challengePage, donePage } from './challenge-page.ts';
import { found, idIn, pick, reply } from './control-input.ts';
import type { Engine } from './engine.ts';
import { answerChallenge } from './payment-intent-machine.ts';
import { answerSetupChallenge } from './setup-intent-machine.ts';
import type { ChallengeOutcome } from './three-d-secure.ts';

type Kind = 'payment_intents' | 'setup_intents';
type Intent = Stripe.PaymentIntent | Stripe.SetupIntent;

/** The bank's 3-D Secure page, and the route that it and tests answer the challenge with. */
export function challengeRoutes(engine: Engine, router: Router): void {
  router.get('/three_d_secure/:id', (req, res) => {
    const intent = find(engine, 'payment_intents', req) ?? find(engine, 'setup_intents', req);
    if (intent === undefined) res.status(404).type('text').send('No such challenge.');
    else res.type('html').send(challengePage(intent, req.baseUrl));
  });
  for (const kind of ['payment_intents', 'setup_intents'] as const) {
    router.post(`/${kind}/:id/authenticate`, (req, res) => {
      const isForm = req.is('application/x-www-form-urlencoded') !== false;
      return isForm ? browse(engine, kind, req, res) : reply(res, () => answer(engine, kind, req));
    });
  }
}

function find({ core }: Engine, kind: Kind, req: Request): Intent | undefined {
  return core.store.get(kind, idIn(req));
}

function answer(engine: Engine, kind: Kind, req: Request): Intent {
  const { core } = engine;
  const outcome = outcomeIn(req);
  const id = idIn(req);
  if (kind === 'payment_intents') {
    const intent = found(core.store.get('payment_intents', id));
    return found(engine.act(() => answerChallenge(core, intent, outcome)));
  }
  const setup = found(core.store.get('setup_intents', id));
  return found(engine.act(() => answerSetupChallenge(core, setup, outcome)));
}

function outcomeIn(req: Request): ChallengeOutcome {
  return pick(req.body, 'outcome', ['succeed', 'fail'] as const, 'succeed');
}

/** The page's own form: back to the merchant, with the query that Stripe adds. */
async function browse(engine: Engine, kind: Kind, req: Request, res: Response): Promise<void> {
  const back = find(engine, kind, req)?.next_action?.redirect_to_url?.return_url ?? null;
  if (back === null) {
    await reply(res, () => answer(engine, kind, req));
    return;
  }
  try {
    const intent = answer(engine, kind, req);
    const name = intent.object;
    const url = new URL(back);
    url.searchParams.set(name, intent.id);
    url.searchParams.set(`${name}_client_secret`, intent.client_secret ?? '');
    url.searchParams.set('redirect_status', outcomeIn(req) === 'fail' ? 'failed' : 'succeeded');
    res.redirect(303, url.href);
  } catch {
    res.status(409).type('html').send(donePage());
  }
}
