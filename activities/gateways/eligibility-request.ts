import type { EligibilityQuestion, ServiceType } from './eligibility.ts';

/** X12 service type codes, which payers know. */
const SERVICE_TYPES: Readonly<Record<ServiceType, string>> = { 'mental-health': 'MH' };

/**
 * A self-contained FHIR R4 CoverageEligibilityRequest. The member's number is in the body
 * only: addresses end up in the logs of servers and proxies.
 */
export function buildRequest(question: EligibilityQuestion, now: Date): object {
  const patient = { reference: '#patient' };
  const insurer = { reference: '#insurer' };
  return {
    resourceType: 'CoverageEligibilityRequest',
    contained: [
      {
        resourceType: 'Patient',
        id: 'patient',
        identifier: [{ type: coded(IDENTIFIER_TYPE, 'MB'), value: question.memberId }],
      },
      { resourceType: 'Organization', id: 'insurer', active: true, name: question.payer },
      {
        resourceType: 'Coverage',
        id: 'coverage',
        status: 'active',
        subscriberId: question.memberId,
        beneficiary: patient,
        payor: [insurer],
        ...groupClass(question.groupNumber),
      },
    ],
    status: 'active',
    purpose: ['validation', 'benefits'],
    patient,
    servicedDate: question.serviceDate,
    created: now.toISOString(),
    insurer,
    insurance: [{ focal: true, coverage: { reference: '#coverage' } }],
    item: [{ category: coded(SERVICE_TYPE, SERVICE_TYPES[question.serviceType]) }],
  };
}

const IDENTIFIER_TYPE = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const COVERAGE_CLASS = 'http://terminology.hl7.org/CodeSystem/coverage-class';
const SERVICE_TYPE = 'https://codesystem.x12.org/005010/1365';

function groupClass(groupNumber: string | undefined): object {
  if (groupNumber === undefined) return {};
  return { class: [{ type: coded(COVERAGE_CLASS, 'group'), value: groupNumber }] };
}

function coded(system: string, code: string): object {
  return { coding: [{ system, code }] };
}
