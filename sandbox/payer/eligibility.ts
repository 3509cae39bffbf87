import { randomUUID } from 'node:crypto';
import { findPayer, type Membership, MEMBERS, type Payer } from './directory.ts';
import { at, coded, listAt, REJECT_REASONS, type RejectReason, SYSTEMS, textAt } from './fhir.ts';

/** What a CoverageEligibilityRequest asks, as far as the directory looks at it. */
export interface Question {
  readonly resource: unknown;
  readonly payerName: string;
  readonly memberId: string | null;
  readonly group: string | null;
  readonly servicedDate: string;
}

/** Reads a request, or says which element is missing or of the wrong form. */
export function readQuestion(body: unknown, today: string): Question | { readonly fault: string } {
  const resource = requestIn(body);
  if (resource === null) return { fault: 'The resource must be a CoverageEligibilityRequest' };
  if (textAt(resource, 'status') === null) return { fault: 'status is required' };
  if (listAt(resource, 'purpose').length === 0) return { fault: 'purpose is required' };
  if (at(resource, 'patient') === undefined) return { fault: 'patient is required' };
  const payerName = payerIn(resource);
  if (payerName === null) return { fault: 'insurer is required' };
  const coverage = resolve(resource, at(resource, 'insurance', 0, 'coverage'));
  if (coverage === null) return { fault: 'insurance.coverage is required' };
  const servicedDate = textAt(resource, 'servicedDate') ?? today;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(servicedDate)) return { fault: 'servicedDate must be a date' };
  const memberId = textAt(coverage, 'subscriberId');
  return { resource, payerName, memberId, group: groupIn(coverage), servicedDate };
}

/** The request itself, or the first one in a Bundle or in Parameters. */
function requestIn(body: unknown): unknown {
  const candidates = [
    body,
    ...listAt(body, 'entry').map((entry) => at(entry, 'resource')),
    ...listAt(body, 'parameter').map((parameter) => at(parameter, 'resource')),
  ];
  const isRequest = (resource: unknown): boolean =>
    at(resource, 'resourceType') === 'CoverageEligibilityRequest';
  return candidates.find(isRequest) ?? null;
}

/** The contained resource that a reference such as `#coverage` points to. */
function resolve(resource: unknown, reference: unknown): unknown {
  const target = textAt(reference, 'reference');
  if (target === null) return null;
  const contained = listAt(resource, 'contained');
  return contained.find((candidate) => `#${textAt(candidate, 'id') ?? ''}` === target) ?? null;
}

function payerIn(resource: unknown): string | null {
  const insurer = at(resource, 'insurer');
  const reference = textAt(insurer, 'reference');
  const organisation = /^Organization\/([\w.-]+)$/.exec(reference ?? '')?.[1];
  return (
    textAt(resolve(resource, insurer), 'name') ?? organisation ?? textAt(insurer, 'display') ?? null
  );
}

function groupIn(coverage: unknown): string | null {
  const group = listAt(coverage, 'class').find((item) =>
    listAt(item, 'type', 'coding').some((coding) => textAt(coding, 'code') === 'group'),
  );
  return textAt(group, 'value');
}

export function membershipOf(question: Question): Membership | null {
  const { memberId } = question;
  return memberId !== null && Object.hasOwn(MEMBERS, memberId) ? (MEMBERS[memberId] ?? null) : null;
}

/** Answers a question with a CoverageEligibilityResponse. */
export function respond(question: Question, now: Date): object {
  const payer = findPayer(question.payerName);
  if (payer === null) return rejected(question, now, '79');
  if (question.memberId === null) return rejected(question, now, '72');
  const membership = membershipOf(question);
  if (membership === null) return rejected(question, now, '75');
  const wrongGroup =
    membership.kind === 'covered' &&
    membership.group !== null &&
    question.group !== null &&
    membership.group !== question.group;
  if (wrongGroup) return rejected(question, now, '91');
  if (membership.kind === 'pending') return { ...frame(question, now), outcome: 'queued' };
  return complete(question, now, payer, membership);
}

function frame(question: Question, now: Date): object {
  return {
    resourceType: 'CoverageEligibilityResponse',
    id: randomUUID(),
    status: 'active',
    purpose: listAt(question.resource, 'purpose'),
    patient: at(question.resource, 'patient'),
    servicedDate: question.servicedDate,
    created: now.toISOString(),
    request: { type: 'CoverageEligibilityRequest', display: 'The request answered here' },
    insurer: at(question.resource, 'insurer'),
    contained: at(question.resource, 'contained'),
  };
}

function rejected(question: Question, now: Date, reason: RejectReason): object {
  const display = REJECT_REASONS[reason];
  return {
    ...frame(question, now),
    outcome: 'error',
    disposition: display,
    error: [{ code: coded(SYSTEMS.rejectReason, reason, display) }],
  };
}

function complete(question: Question, now: Date, payer: Payer, membership: Membership): object {
  const period = membership.kind === 'covered' ? membership : { from: '2020-01-01', until: null };
  const inforce =
    question.servicedDate >= period.from &&
    (period.until === null || question.servicedDate <= period.until);
  return {
    ...frame(question, now),
    outcome: 'complete',
    disposition: inforce ? 'Coverage is in force' : 'Coverage is not in force',
    insurance: [
      {
        coverage: at(question.resource, 'insurance', 0, 'coverage'),
        inforce,
        benefitPeriod: {
          start: period.from,
          ...(period.until === null ? {} : { end: period.until }),
        },
        ...(inforce ? { item: [benefitItem(payer, membership)] } : {}),
      },
    ],
  };
}

function benefitItem(payer: Payer, membership: Membership): object {
  const ownCopay = membership.kind === 'covered' ? membership.copayCents : null;
  const value = (ownCopay ?? payer.copayCents) / 100;
  const copay = {
    type: coded(SYSTEMS.benefitType, 'copay', 'Copayment per service'),
    allowedMoney: { value, currency: 'USD' },
  };
  return {
    category: coded(SYSTEMS.serviceType, 'MH', 'Mental Health'),
    network: coded(SYSTEMS.network, 'in', 'In Network'),
    unit: coded(SYSTEMS.unit, 'individual', 'Individual'),
    ...(membership.kind === 'excluded' ? { excluded: true } : { benefit: [copay] }),
  };
}
