import express from 'express';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { chargeRoutes } from './charges.ts';
import { customerRoutes } from './customers.ts';
import { disputeRoutes } from './disputes.ts';
import type { Engine } from './engine.ts';
import { StripeProblem } from './errors.ts';
import { eventRoutes } from './event-log.ts';
import { randomText } from './ids.ts';
import { paymentIntentRoutes } from './payment-intents.ts';
import { paymentMethodRoutes } from './payment-methods.ts';
import { errorBody, serve } from './pipeline.ts';
import { refundRoutes } from './refunds.ts';
import type { Route } from './routes.ts';
import { setupIntentRoutes } from './setup-intents.ts';

/** Stripe's API as a router. Bodies are form-encoded; queries may nest, so it brings its parser. */
export function createApi(engine: Engine): express.Router {
  const app = express();
  app.set('query parser', 'extended');
  app.disable('etag');
  app.disable('x-powered-by');
  app.use(express.urlencoded({ extended: true, limit: '1mb' }));
  for (const { method, path, handle } of routes(engine)) {
    app[method](path, (req, res) => serve(engine.pipeline, handle, req, res));
  }
  app.use(unknownRoute);
  app.use(unreadable);
  const router = express.Router();
  router.use(app);
  return router;
}

function routes({ core }: Engine): Route[] {
  return [
    ...paymentIntentRoutes(core),
    ...chargeRoutes(core),
    ...refundRoutes(core),
    ...paymentMethodRoutes(core),
    ...customerRoutes(core),
    ...setupIntentRoutes(core),
    ...disputeRoutes(core),
    ...eventRoutes(core.store),
  ];
}

const unknownRoute: RequestHandler = (req, res) => {
  const requestId = `req_${randomText(14)}`;
  const message = `Unrecognized request URL (${req.method}: ${req.baseUrl}${req.path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`;
  const problem = new StripeProblem(404, { type: 'invalid_request_error', message }, 'refused');
  res.set('Request-Id', requestId).status(404).json(errorBody(problem, requestId));
};

const unreadable: ErrorRequestHandler = (_error, _req, res, _next) => {
  const requestId = `req_${randomText(14)}`;
  const message = 'Invalid request body.';
  const problem = new StripeProblem(400, { type: 'invalid_request_error', message }, 'refused');
  res.set('Request-Id', requestId).status(400).json(errorBody(problem, requestId));
};
