import type { Stripe } from 'stripe';

/** The `error` object of Stripe's answers. */
export type ErrorBody = {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  decline_code?: string;
  advice_code?: string;
  network_decline_code?: string;
  param?: string;
  charge?: string;
  doc_url?: string;
  request_log_url?: string;
  payment_intent?: Stripe.PaymentIntent;
  payment_method?: Stripe.PaymentMethod;
  setup_intent?: Stripe.SetupIntent;
};

/**
 * What became of the request. `refused`: it failed validation, nothing is changed and nothing is
 * stored under its idempotency key. `performed`: the endpoint began, so what it changed stays and
 * the answer is stored.
 */
export type ProblemStage = 'refused' | 'performed';

/** An answer other than 200, thrown by handlers. */
export class StripeProblem extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly stage: ProblemStage;

  constructor(status: number, body: ErrorBody, stage: ProblemStage) {
    super(body.message);
    this.status = status;
    this.body = body.code === undefined ? body : { ...body, doc_url: docUrl(body.code) };
    this.stage = stage;
  }
}

function docUrl(code: string): string {
  return `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
}

/** 400 for a parameter that Stripe would refuse before doing anything. */
export function invalidParameter(message: string, param?: string, code?: string): StripeProblem {
  const body: ErrorBody = { type: 'invalid_request_error', message };
  if (param !== undefined) body.param = param;
  if (code !== undefined) body.code = code;
  return new StripeProblem(400, body, 'refused');
}

/** The object named in the path (404) or in a parameter (400) does not exist. */
export function noSuch(
  kind: string,
  id: string,
  param: string,
  where: 'path' | 'body',
): StripeProblem {
  const message = `No such ${kind}: '${id}'`;
  const body: ErrorBody = {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message,
    param,
  };
  return new StripeProblem(where === 'path' ? 404 : 400, body, 'refused');
}

/** 400: the PaymentIntent is in a state that does not allow the operation. */
export function unexpectedState(intent: Stripe.PaymentIntent, message: string): StripeProblem {
  const code = 'payment_intent_unexpected_state';
  const body: ErrorBody = {
    type: 'invalid_request_error',
    code,
    message,
    payment_intent: intent,
  };
  return new StripeProblem(400, body, 'performed');
}

/** 400: the SetupIntent is in a state that does not allow the operation. */
export function unexpectedSetupState(intent: Stripe.SetupIntent, message: string): StripeProblem {
  const code = 'setup_intent_unexpected_state';
  const body: ErrorBody = { type: 'invalid_request_error', code, message, setup_intent: intent };
  return new StripeProblem(400, body, 'performed');
}

/** 400 for an operation that the endpoint began and refused for the object's own reasons. */
export function refusedOperation(message: string, code?: string, param?: string): StripeProblem {
  const body: ErrorBody = { type: 'invalid_request_error', message };
  if (code !== undefined) body.code = code;
  if (param !== undefined) body.param = param;
  return new StripeProblem(400, body, 'performed');
}

/** Stripe's answer to a failure of its own. */
export function serverError(stage: ProblemStage): StripeProblem {
  const message =
    'An unknown error occurred while processing your request. Sorry about that; we have been notified of the problem.';
  return new StripeProblem(500, { type: 'api_error', message }, stage);
}
