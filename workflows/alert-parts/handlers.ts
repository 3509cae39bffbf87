import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { CrisisActivities } from '../../activities/crisis/contract.ts';
import { type AlertEvent, type AlertRefusal, isAlertOutcome } from '../../domain/alert-events.ts';
import { ALERT_SEVERITIES, PAGE_CHANNELS } from '../../domain/escalation-policy.ts';
import { isUuid } from '../../domain/ids.ts';
import { isFollowedUp } from '../../domain/lost-contact.ts';
import { RECORD } from '../activity-options.ts';
import {
  type AlertAnswer,
  type LateReport,
  type PageResult,
  type RaiseRequest,
  type VerbRequest,
  type VerbWay,
  acknowledgeSignal,
  acknowledgeUpdate,
  alertStateQuery,
  contactSignal,
  contactUpdate,
  lookAgainSignal,
  pageResultSignal,
  raiseUpdate,
  releaseSignal,
  releaseUpdate,
  resolveSignal,
  resolveUpdate,
  signSignal,
} from '../messages/crisis-alert.ts';
import { refusal, textField } from '../arguments.ts';
import { refreshContext } from './context.ts';
import { type Desk, type Hand, advance, isOver, note } from './desk.ts';
import { inBackground } from './effects.ts';
import { lookWhetherGone } from './lost-contact.ts';
import { untilRecorded } from './record.ts';

const { raiseAnew } = proxyActivities<CrisisActivities>(RECORD);

type Verb = 'acknowledge' | 'contact' | 'release' | 'resolve';

/** Installs what others may say to an alert. Must run before the first await. */
export function installHandlers(desk: Desk): void {
  setHandler(alertStateQuery, () => desk.state);
  setHandler(raiseUpdate, (request) => raise(desk, request), { validator: validateRaise });
  const verbs = [
    [acknowledgeUpdate, 'acknowledge'],
    [contactUpdate, 'contact'],
    [releaseUpdate, 'release'],
    [resolveUpdate, 'resolve'],
  ] as const;
  for (const [update, verb] of verbs) {
    setHandler(
      update,
      (request: VerbRequest) => {
        desk.calls.delete(request.callId ?? '');
        return act(desk, eventOf(verb, request), handOf(request));
      },
      {
        validator: (request: unknown) => validateVerb(verb, request),
      },
    );
  }
  const signals = [
    [acknowledgeSignal, 'acknowledge'],
    [contactSignal, 'contact'],
    [releaseSignal, 'release'],
    [resolveSignal, 'resolve'],
  ] as const;
  for (const [signal, verb] of signals) {
    setHandler(signal, (argument: unknown) => actByHand(desk, verb, argument));
  }
  installNews(desk);
}

function installNews(desk: Desk): void {
  setHandler(signSignal, async (argument: unknown) => {
    const by = textField(argument, 'personId') ?? '';
    await begun(desk);
    if (isUuid(by)) advance(desk, { kind: 'sign', by }, { personId: by, via: null });
  });
  setHandler(pageResultSignal, async (argument: unknown) => {
    if (!isPageResult(argument)) return;
    await begun(desk);
    await refreshContext(desk);
    advance(desk, { ...argument, kind: 'page_result' });
  });
  setHandler(lookAgainSignal, () => void (desk.mustLook = true));
}

function begun(desk: Desk): Promise<void> {
  return condition(() => desk.state !== null);
}

async function raise(desk: Desk, request: RaiseRequest): Promise<AlertAnswer> {
  const { triggerId, severity } = request;
  const isKnown = (): boolean => desk.triggerIds.has(triggerId);
  const isUntold = desk.untold.some((report) => report.triggerId === triggerId);
  if (!isKnown() && !isUntold && request.unrecorded !== null) {
    desk.untold.push(request as LateReport);
  }
  await begun(desk);
  if (!isKnown()) await refreshContext(desk);
  if (isKnown()) return answerOf(desk, null, true);
  // Only what has been followed is known: a run that ends before hands it on unheard.
  desk.triggerIds.add(triggerId);
  const wasMild = desk.state !== null && !isFollowedUp(desk.state.severity);
  const step = advance(desk, { kind: 'trigger', severity });
  if (wasMild) lookWhetherGone(desk);
  if (step.refusal === null) note(desk, 'report_heard', undefined, { triggerId, severity });
  // The alert was resolved before anybody could know of this one: it opens another.
  else inBackground('raiseAnew', () => raiseAnew({ alertId: desk.alertId, triggerId }));
  return answerOf(desk, null, true);
}

/** Decides a human's verb and writes it down; whoever the record has already told of wins. */
async function act(desk: Desk, event: AlertEvent, hand: Hand): Promise<AlertAnswer> {
  await begun(desk);
  for (;;) {
    const { adoptions } = desk;
    if (event.kind === 'release') await refreshContext(desk);
    const step = advance(desk, event, hand);
    if (step.refusal !== null) return answerOf(desk, step.refusal, true);
    const isInTime = await untilRecorded(desk, desk.version, adoptions);
    if (desk.adoptions === adoptions) return answerOf(desk, null, isInTime);
  }
}

function answerOf(desk: Desk, refused: AlertRefusal | null, isRecorded: boolean): AlertAnswer {
  const state = desk.state!;
  const holderId = 'holderId' in state ? state.holderId : null;
  return { kind: refused?.reason ?? 'done', status: state.kind, holderId, isRecorded };
}

function handOf({ personId, via }: VerbRequest): Hand {
  return { personId, via };
}

function eventOf(verb: Verb, request: unknown): AlertEvent {
  const by = textField(request, 'personId') ?? '';
  return verb === 'resolve'
    ? { kind: verb, by, outcome: textField(request, 'outcome') }
    : { kind: verb, by };
}

/** From Temporal UI, where nobody is known: only in the name of whom the clinic could page. */
async function actByHand(desk: Desk, verb: Verb, argument: unknown): Promise<void> {
  await begun(desk);
  const personId = textField(argument, 'personId');
  if (personId === null || !isUuid(personId) || isOver(desk)) return;
  if (!Object.hasOwn(desk.known?.context.view.reach ?? {}, personId)) return;
  await act(desk, eventOf(verb, argument), { personId, via: 'temporal_ui' });
}

const WAYS: readonly unknown[] = ['api', 'socket', 'sms', 'voice'] satisfies VerbWay[];

function validateVerb(verb: Verb, request: unknown): void {
  const isPerson = isUuid(textField(request, 'personId') ?? '');
  const isKnownWay = WAYS.includes(textField(request, 'via'));
  const isComplete = verb !== 'resolve' || isAlertOutcome(textField(request, 'outcome'));
  if (isPerson && isKnownWay && isComplete) return;
  throw refusal('malformed_request', 'The argument is not what this message asks for.');
}

function validateRaise(request: unknown): void {
  const isKnown = ALERT_SEVERITIES.some((severity) => severity === textField(request, 'severity'));
  if (isKnown && isUuid(textField(request, 'triggerId') ?? '')) return;
  throw refusal('malformed_request', 'The argument is not what this message asks for.');
}

function isPageResult(value: unknown): value is PageResult {
  const page: unknown = Object(value)['page'];
  const isPage = isUuid(textField(page, 'personId') ?? '');
  const isChannel = PAGE_CHANNELS.some((channel) => channel === textField(page, 'channel'));
  const isResult = ['failed', 'unanswered'].includes(textField(value, 'result') ?? '');
  return isPage && isChannel && isResult && Number.isInteger(Object(value)['batch']);
}
