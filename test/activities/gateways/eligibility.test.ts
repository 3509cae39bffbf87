import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import * as fc from 'fast-check';
import { readAnswer } from '../../../activities/gateways/eligibility-answer.ts';
import {
  createEligibilityGateway,
  type EligibilityAnswer,
  type EligibilityQuestion,
} from '../../../activities/gateways/eligibility.ts';
import {
  createPayerSandbox,
  type PayerFault,
  type PayerSandbox,
} from '../../../sandbox/payer/index.ts';
import { type RunningServer, serve } from '../../sandbox/support/http.ts';

const QUESTION: EligibilityQuestion = {
  payer: 'Aetna',
  memberId: '123456789',
  groupNumber: 'ABC123',
  serviceDate: '2026-05-04',
  serviceType: 'mental-health',
};

let payer: PayerSandbox;
let server: RunningServer;
let seenUrls: string[];

beforeEach(async () => {
  seenUrls = [];
  payer = createPayerSandbox({ slowMs: 3_600_000 });
  const app = express();
  app.use((req, _res, next) => {
    seenUrls.push(req.originalUrl);
    next();
  });
  app.use('/fhir', payer.router);
  app.post('/moved/CoverageEligibilityRequest/$submit', (_req, res) => {
    res.redirect(307, '/fhir/CoverageEligibilityRequest/$submit');
  });
  server = await serve(app);
});

afterEach(async () => {
  payer.close();
  await server.close();
});

const verify = (
  change: Partial<EligibilityQuestion> = {},
  timeoutMs = 20_000,
  path = '/fhir/',
): Promise<EligibilityAnswer> =>
  createEligibilityGateway({ baseUrl: `${server.url}${path}`, timeoutMs }).verify({
    ...QUESTION,
    ...change,
  });

describe('an answer', () => {
  test.each<[string, Partial<EligibilityQuestion>, EligibilityAnswer]>([
    ['active', {}, { status: 'active', copayCents: 2500, currency: 'USD' }],
    ['alias', { payer: 'blue cross' }, { status: 'active', copayCents: 3000, currency: 'USD' }],
    ['odd cents', { payer: 'UHC' }, { status: 'active', copayCents: 3575, currency: 'USD' }],
    ['free', { memberId: '100000001' }, { status: 'active', copayCents: 0, currency: 'USD' }],
    ['lapsed', { memberId: '200000001' }, { status: 'inactive', reasonCode: 'not_in_force' }],
    ['not begun', { memberId: '200000002' }, { status: 'inactive', reasonCode: 'not_in_force' }],
    ['excluded', { memberId: '300000001' }, { status: 'inactive', reasonCode: 'not_covered' }],
    ['nobody', { memberId: 'constructor' }, { status: 'unknown_member', reasonCode: '75' }],
    ['other group', { groupNumber: 'X' }, { status: 'unknown_member', reasonCode: '91' }],
    ['no such payer', { payer: 'Acme' }, { status: 'unknown_payer', reasonCode: '79' }],
  ])('%s', async (_name, change, expected) => {
    expect(await verify(change)).toEqual(expected);
  });

  test('depends on the day of the session', async () => {
    const lapsed = { memberId: '200000001' };
    expect(await verify({ ...lapsed, serviceDate: '2023-12-31' })).toMatchObject({
      status: 'active',
    });
    expect(await verify({ ...lapsed, serviceDate: '2024-01-01' })).toMatchObject({
      status: 'inactive',
    });
  });

  test('is asked for without the member in any address', async () => {
    await verify();
    expect(seenUrls).toEqual(['/fhir/CoverageEligibilityRequest/$submit']);
  });
});

describe('no answer', () => {
  const failure = (reason: string, more: object = {}): object => ({
    code: 'dependency_unavailable',
    details: { reason, ...more },
  });

  test.each<[PayerFault, number, object]>([
    ['error_503', 2, failure('busy')],
    ['error_500', 2, failure('busy')],
    ['drop', 2, failure('unreachable')],
    ['error_429', 1, failure('busy', { retryAfterSeconds: 7 })],
    ['garbage', 1, failure('unreadable')],
  ])('%s is asked %d times', async (fault, attempts, expected) => {
    payer.faults.add(fault, { count: 5 });
    await expect(verify()).rejects.toMatchObject(expected);
    expect(payer.asked()).toBe(attempts);
  });

  test('a passing fault is not noticed', async () => {
    payer.faults.add('error_503');
    expect(await verify()).toMatchObject({ status: 'active' });
  });

  test('a payer that is slow, down or thinking it over', async () => {
    await expect(verify({ memberId: '400000001' }, 200)).rejects.toMatchObject(failure('timeout'));
    await expect(verify({ memberId: '400000002' })).rejects.toMatchObject(
      failure('busy', { retryAfterSeconds: 30 }),
    );
    await expect(verify({ memberId: '400000003' })).rejects.toMatchObject(failure('pending'));
  });

  test('a redirect is not followed, a missing address is a matter for people', async () => {
    await expect(verify({}, 5000, '/moved')).rejects.toMatchObject(failure('unreachable'));
    expect(payer.asked()).toBe(0);
    await expect(verify({}, 5000, '/nowhere')).rejects.toMatchObject(failure('refused'));
  });

  test('nobody listening', async () => {
    await server.close();
    await expect(verify()).rejects.toMatchObject(failure('unreachable'));
  });

  test('says nothing of the member', async () => {
    const error: unknown = await verify({ memberId: '400000002' }).catch((thrown) => thrown);
    expect(JSON.stringify([error, String(error)])).not.toContain('400000002');
  });
});

describe('reading what a payer sends', () => {
  const response = (insurance: unknown, more: object = {}): unknown => ({
    resourceType: 'CoverageEligibilityResponse',
    outcome: 'complete',
    insurance,
    ...more,
  });
  const copay = (value: unknown, currency: unknown = 'USD'): object => ({
    type: { coding: [{ code: 'copay' }] },
    allowedMoney: { value, currency },
  });
  const item = (benefit: unknown, more: object = {}): object => ({ benefit, ...more });
  const network = (code: string): object => ({ network: { coding: [{ code }] } });

  test.each([
    [[item([copay(19.99)])], { copayCents: 1999, currency: 'USD' }],
    [[item([copay(1500, 'JPY')])], { copayCents: 1500, currency: 'JPY' }],
    [[item([copay(60)], network('out')), item([copay(20)], network('in'))], { copayCents: 2000 }],
    [[item([copay(60)], { excluded: true }), item([copay(0.29)])], { copayCents: 29 }],
  ])('finds the co-pay of %j', (items, expected) => {
    expect(readAnswer(response([{ inforce: true, item: items }]))).toMatchObject({
      status: 'active',
      ...expected,
    });
  });

  test.each([
    [undefined],
    [[item([copay(-1)])]],
    [[item([copay('25')])]],
    [[item([copay(25, 'dollars')])]],
    [[item([copay(60)], network('out'))]],
    [[item([{ type: { coding: [{ code: 'deductible' }] }, allowedMoney: { value: 1 } }])]],
  ])('charges nothing on %j', (items) => {
    const read = readAnswer(response([{ inforce: true, item: items }]));
    expect(read).toEqual({ status: 'unpriced', reasonCode: 'no_copay' });
  });

  test('no document makes it throw, or an active plan without an amount', () => {
    const words = fc.constantFrom('complete', 'error', 'queued', 'copay', 'in', '75', 'USD');
    const keys = fc.constantFrom('inforce', 'item', 'benefit', 'coding', 'code', 'error', 'type');
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        words,
        fc.jsonValue(),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, tree, words, (insurance, error, outcome) => {
        const read = readAnswer(response(insurance, { error, outcome }));
        if (typeof read === 'object' && read.status === 'active') {
          expect(read.copayCents).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
