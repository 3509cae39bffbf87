import { afterEach, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import { createPayerSandbox, type PayerSandbox } from '../../sandbox/payer/index.ts';
import { requestJson, type RunningServer, serve } from './support/http.ts';

let payer: PayerSandbox;
let server: RunningServer;

beforeEach(async () => {
  payer = createPayerSandbox();
  const app = express();
  app.use('/fhir', payer.router);
  app.use('/control/payer', payer.control);
  server = await serve(app);
});

afterEach(async () => {
  payer.close();
  await server.close();
});

const REQUEST = {
  resourceType: 'CoverageEligibilityRequest',
  status: 'active',
  purpose: ['benefits'],
  patient: { reference: 'Patient/1' },
  servicedDate: '2026-05-04',
  insurer: { display: 'Aetna' },
  insurance: [{ coverage: { reference: '#c' } }],
  contained: [{ resourceType: 'Coverage', id: 'c', subscriberId: '123456789' }],
};

const post = (body: string, path = '', type = 'application/fhir+json'): Promise<Response> =>
  fetch(`${server.url}/fhir/CoverageEligibilityRequest${path}`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body,
  });

test.each([
  ['', REQUEST],
  ['/$submit', REQUEST],
  ['/$submit', { resourceType: 'Bundle', entry: [{ resource: REQUEST }] }],
  [
    '/$submit',
    { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: REQUEST }] },
  ],
])('a posted request is answered with a response in FHIR JSON (%s)', async (path, body) => {
  const response = await post(JSON.stringify(body), path);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/fhir+json');
  expect(await response.json()).toMatchObject({
    resourceType: 'CoverageEligibilityResponse',
    status: 'active',
    outcome: 'complete',
    patient: REQUEST.patient,
    insurance: [{ inforce: true }],
  });
});

test.each([
  [400, '{', 'structure'],
  [400, '[]', 'required'],
  [400, JSON.stringify({ ...REQUEST, purpose: [] }), 'required'],
  [400, JSON.stringify({ ...REQUEST, insurer: undefined }), 'required'],
  [400, JSON.stringify({ ...REQUEST, contained: [] }), 'required'],
  [400, JSON.stringify({ ...REQUEST, servicedDate: 'tomorrow' }), 'required'],
])('%d is an OperationOutcome: %s', async (status, body, code) => {
  const response = await post(body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code }],
  });
});

test('another media type, an unknown path and an unknown payer are OperationOutcomes', async () => {
  expect((await post('<a/>', '', 'application/fhir+xml')).status).toBe(415);
  for (const path of ['Patient', 'Organization/acme']) {
    expect(await requestJson(`${server.url}/fhir/${path}`)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'not-found' }],
    });
  }
});

test('payers are found by the beginning of any of their names', async () => {
  const search = async (name: string): Promise<unknown> =>
    requestJson(`${server.url}/fhir/Organization?name=${encodeURIComponent(name)}`);
  expect(await search('blue cross')).toMatchObject({
    type: 'searchset',
    total: 1,
    entry: [{ resource: { resourceType: 'Organization', name: 'BlueCross' } }],
  });
  expect(await search('zzz')).toMatchObject({ total: 0, entry: [] });
  expect(await requestJson(`${server.url}/fhir/metadata`)).toMatchObject({ fhirVersion: '4.0.1' });
});
