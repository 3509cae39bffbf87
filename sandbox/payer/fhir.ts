import type { Response } from 'express';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';

/** The code systems of the eligibility messages. */
export const SYSTEMS = {
  benefitType: 'http://terminology.hl7.org/CodeSystem/benefit-type',
  network: 'http://terminology.hl7.org/CodeSystem/benefit-network',
  unit: 'http://terminology.hl7.org/CodeSystem/benefit-unit',
  organizationType: 'http://terminology.hl7.org/CodeSystem/organization-type',
  serviceType: 'https://codesystem.x12.org/005010/1365',
  rejectReason: 'https://codesystem.x12.org/005010/901',
} as const;

/** Why a payer can't answer, as X12 numbers it. */
export const REJECT_REASONS = {
  '72': 'Invalid/Missing Subscriber/Insured ID',
  '75': 'Subscriber/Insured Not Found',
  '76': 'Duplicate Subscriber/Insured ID Number',
  '79': 'Invalid Participant Identification',
  '91': 'Invalid/Missing Group Number',
} as const;

export type RejectReason = keyof typeof REJECT_REASONS;

export function coded(system: string, code: string, display?: string): object {
  return { coding: [{ system, code, ...(display === undefined ? {} : { display }) }] };
}

export function sendFhir(res: Response, status: number, resource: object): void {
  res.status(status).set('Content-Type', FHIR_JSON).send(JSON.stringify(resource));
}

export type IssueCode =
  | 'structure'
  | 'required'
  | 'not-supported'
  | 'not-found'
  | 'transient'
  | 'throttled'
  | 'exception';

export function sendOutcome(
  res: Response,
  status: number,
  code: IssueCode,
  diagnostics: string,
): void {
  const issue = [{ severity: 'error', code, diagnostics }];
  sendFhir(res, status, { resourceType: 'OperationOutcome', issue });
}

/** A property of a JSON object, or undefined where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (node, name) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, name)
        ? Reflect.get(node, name)
        : undefined,
    value,
  );
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | null {
  const text = at(value, ...path);
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : null;
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): unknown[] {
  const list = at(value, ...path);
  return Array.isArray(list) ? list : [];
}
