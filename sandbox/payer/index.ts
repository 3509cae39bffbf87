import { setTimeout as delay } from 'node:timers/promises';
import express, {
  type ErrorRequestHandler,
  type Request,
  type Response,
  type Router,
} from 'express';
import { createFaults, type Faults } from '../faults.ts';
import { PAYERS, searchPayers } from './directory.ts';
import type { Payer } from './directory.ts';
import { membershipOf, readQuestion, respond } from './eligibility.ts';
import { coded, sendFhir, sendOutcome, SYSTEMS } from './fhir.ts';

/**
 * - `error_503`, `error_500`, `error_429`: answered with that status;
 * - `drop`: the connection breaks; `timeout`: the answer never arrives;
 * - `garbage`: an answer that is no FHIR resource.
 */
export const PAYER_FAULTS = [
  'error_503',
  'error_500',
  'error_429',
  'drop',
  'timeout',
  'garbage',
] as const;

export type PayerFault = (typeof PAYER_FAULTS)[number];

export interface PayerSandboxOptions {
  /** How long the slow member's answer takes. */
  readonly slowMs?: number;
  readonly clock?: () => number;
}

export interface PayerSandbox {
  /** Mount at `/fhir`. */
  readonly router: Router;
  /** Mount at `/control/payer`. */
  readonly control: Router;
  readonly faults: Faults<PayerFault>;
  /** Questions asked so far, whatever became of them. */
  asked(): number;
  close(): void;
}

const DEFAULT_SLOW_MS = 10_000;

/** A payer directory that answers FHIR R4 CoverageEligibilityRequests and lists its payers. */
export function createPayerSandbox(options: PayerSandboxOptions = {}): PayerSandbox {
  const closing = new AbortController();
  const faults = createFaults<PayerFault>(PAYER_FAULTS);
  const control = express.Router();
  control.use('/faults', faults.router);
  let asked = 0;

  const router = express.Router();
  router.use(express.json({ type: ['application/fhir+json', 'application/json'], limit: '256kb' }));
  directoryRoutes(router);
  const answer = (req: Request, res: Response): Promise<void> => {
    asked += 1;
    return checkEligibility(options, faults, closing.signal, req, res);
  };
  router.post('/CoverageEligibilityRequest', (req, res, next) => {
    answer(req, res).catch(next);
  });
  router.post('/CoverageEligibilityRequest/\\$submit', (req, res, next) => {
    answer(req, res).catch(next);
  });
  router.use((req, res) => {
    sendOutcome(res, 404, 'not-found', `Nothing is served at ${req.path}`);
  });
  router.use(presentFault);
  return { router, control, faults, asked: () => asked, close: () => closing.abort() };
}

async function checkEligibility(
  { slowMs = DEFAULT_SLOW_MS, clock = Date.now }: PayerSandboxOptions,
  faults: Faults<PayerFault>,
  closing: AbortSignal,
  req: Request,
  res: Response,
): Promise<void> {
  if (suffers(faults.take(), res)) return;
  if (req.is(['application/fhir+json', 'application/json']) === false) {
    sendOutcome(res, 415, 'not-supported', 'Send application/fhir+json');
    return;
  }
  const now = new Date(clock());
  const question = readQuestion(req.body, now.toISOString().slice(0, 10));
  if ('fault' in question) {
    sendOutcome(res, 400, 'required', question.fault);
    return;
  }
  const membership = membershipOf(question);
  if (membership?.kind === 'down') {
    res.set('Retry-After', '30');
    sendOutcome(res, 503, 'transient', 'The payer is not available now');
    return;
  }
  if (membership?.kind === 'slow') {
    await delay(slowMs, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
  sendFhir(res, 200, respond(question, now));
}

/** Shows the fault asked for; true when the request ended here. */
function suffers(fault: PayerFault | null, res: Response): boolean {
  if (fault === 'error_503') sendOutcome(res, 503, 'transient', 'Try again later');
  else if (fault === 'error_500') sendOutcome(res, 500, 'exception', 'Something broke');
  else if (fault === 'error_429') {
    res.set('Retry-After', '7');
    sendOutcome(res, 429, 'throttled', 'Too many requests');
  } else if (fault === 'garbage') res.type('text/html').send('<h1>Welcome</h1>');
  else if (fault === 'drop') res.socket?.destroy();
  return fault !== null;
}

function directoryRoutes(router: Router): void {
  router.get('/metadata', (_req, res) => {
    sendFhir(res, 200, CAPABILITIES);
  });
  router.get('/Organization', (req, res) => {
    const name = req.query['name'];
    const found = typeof name === 'string' ? searchPayers(name) : PAYERS;
    const entry = found.map((payer) => ({
      resource: organization(payer),
      search: { mode: 'match' },
    }));
    sendFhir(res, 200, { resourceType: 'Bundle', type: 'searchset', total: found.length, entry });
  });
  router.get('/Organization/:id', (req, res) => {
    const payer = PAYERS.find(({ id }) => id === req.params.id);
    if (payer === undefined) sendOutcome(res, 404, 'not-found', 'No such Organization');
    else sendFhir(res, 200, organization(payer));
  });
}

function organization(payer: Payer): object {
  return {
    resourceType: 'Organization',
    id: payer.id,
    active: true,
    type: [coded(SYSTEMS.organizationType, 'pay', 'Payer')],
    name: payer.name,
    ...(payer.aliases.length > 0 ? { alias: payer.aliases } : {}),
  };
}

const CAPABILITIES = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-01-01',
  kind: 'instance',
  implementation: { description: 'Embedded payer directory' },
  fhirVersion: '4.0.1',
  format: ['application/fhir+json'],
  rest: [
    {
      mode: 'server',
      resource: [
        {
          type: 'Organization',
          interaction: [{ code: 'read' }, { code: 'search-type' }],
          searchParam: [{ name: 'name', type: 'string' }],
        },
        {
          type: 'CoverageEligibilityRequest',
          interaction: [{ code: 'create' }],
          operation: [
            {
              name: 'submit',
              definition:
                'http://hl7.org/fhir/OperationDefinition/CoverageEligibilityRequest-submit',
            },
          ],
        },
      ],
    },
  ],
} as const;

const presentFault: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : 500;
  if (status === 413) sendOutcome(res, 413, 'not-supported', 'The resource is too large');
  else if (status === 400) sendOutcome(res, 400, 'structure', 'The body is no JSON document');
  else sendOutcome(res, 500, 'exception', 'Something broke');
};
