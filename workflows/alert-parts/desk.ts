import { CancellationScope, patched, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { KnownContext, UnrecordedPage } from '../../activities/crisis/contract.ts';
import { advanceAlert } from '../../domain/alert.ts';
import type { AlertEffect, AlertEvent, AlertState, AlertStep } from '../../domain/alert-events.ts';
import type { LostContact } from '../../domain/lost-contact.ts';
import type {
  AlertInput,
  AlertMemory,
  AlertNews,
  LateReport,
  RaiseRequest,
  VerbWay,
} from '../messages/crisis-alert.ts';
import { describe } from './describe.ts';

/** What one run of an alert's workflow knows. Only {@link advance} and {@link adopt} move its state. */
export interface Desk {
  readonly alertId: string;
  readonly personId: string;
  readonly isDrill: boolean;
  clinicId: string | null;
  number: string | null;
  /** Null until the workflow has looked for the first time. */
  known: KnownContext | null;
  knownAtMs: number;
  state: AlertState | null;
  version: number;
  /** The version on record. */
  base: number;
  /** How often the record was found to be ahead. */
  adoptions: number;
  mustLook: boolean;
  /** Set while the person is looked for, who has dropped out. */
  lost: LostContact | null;
  /** The alert that this one has been joined to; null for itself. */
  joinedTo: string | null;
  isClosing: boolean;
  readonly triggerIds: Set<string>;
  news: AlertNews[];
  pages: UnrecordedPage[];
  untold: LateReport[];
  /** Calls by the provider's names that may still ring. */
  readonly calls: Set<string>;
  /** Pages that are being sent. */
  inFlight: number;
  paging: CancellationScope;
  readonly perform: (desk: Desk, effects: readonly AlertEffect[]) => void;
}

export function openDesk(input: AlertInput, perform: Desk['perform']): Desk {
  const { alertId, personId, isDrill, clinicId, number, memory, first } = input;
  const isUntold = memory === null && first.unrecorded !== null;
  return {
    alertId,
    personId,
    isDrill,
    clinicId: memory?.clinicId ?? clinicId,
    number,
    known: memory?.known ?? null,
    knownAtMs: 0,
    state: memory?.state ?? null,
    version: memory?.version ?? 0,
    base: memory?.base ?? 0,
    adoptions: 0,
    mustLook: false,
    lost: memory?.lost ?? null,
    joinedTo: null,
    isClosing: false,
    triggerIds: new Set(memory?.triggerIds ?? [first.triggerId]),
    news: [...(memory?.news ?? [])],
    pages: [...(memory?.pages ?? [])],
    untold: isUntold ? [first as LateReport] : [...(memory?.untold ?? [])],
    calls: new Set(memory?.calls ?? []),
    inFlight: 0,
    paging: new CancellationScope(),
    perform,
  };
}

/** The input with which the alert goes on in a new run. */
export function inputOf(desk: Desk, first: RaiseRequest): AlertInput {
  const { alertId, personId, isDrill, clinicId, number, known, state } = desk;
  if (clinicId === null || known === null || state === null) throw new TypeError('not begun');
  const { version, base, triggerIds, news, pages, untold, calls, lost } = desk;
  const lists = { news, pages, untold, triggerIds: [...triggerIds], calls: [...calls] };
  const memory: AlertMemory = { clinicId, known, state, version, base, lost, ...lists };
  return { alertId, personId, isDrill, clinicId, number, first, memory };
}

export function isOver(desk: Desk): boolean {
  return desk.state?.kind === 'resolved' || desk.joinedTo !== null;
}

/** Who did something, and by which way. */
export interface Hand {
  readonly personId: string | null;
  readonly via: VerbWay | null;
}

const NOBODY: Hand = { personId: null, via: null };

/** Lets something happen to the alert and sets going what follows from it. */
export function advance(
  desk: Desk,
  event: AlertEvent,
  hand: Hand = NOBODY,
): AlertStep & { readonly isChanged: boolean } {
  if (desk.known === null || desk.state === null) throw new TypeError('not begun');
  const nowMs = Date.now();
  const before = desk.state;
  const context = { ...desk.known.context, holds: patched };
  const step = withoutRecall(before, advanceAlert(context, before, event, nowMs));
  const isChanged = step.state !== before || step.effects.length > 0;
  if (!isChanged) return { ...step, isChanged };
  desk.state = step.state;
  desk.version += 1;
  if (isWorthANote(event) && step.refusal === null) {
    note(desk, event.kind, hand, dataOf(event, step.state));
  }
  show(desk);
  desk.perform(desk, step.effects);
  return { ...step, isChanged };
}

/** Before, whoever had an alert in whatever way took it again by a mere sign. */
const RECALLED_BY_A_LAPSE_ALONE = 'recalled-by-a-lapse-alone';

function withoutRecall(before: AlertState, step: AlertStep): AlertStep {
  const { state, effects } = step;
  if (state.kind !== 'paging') return step;
  const reopening = effects.find((effect) => effect.kind === 'reopened');
  const lastHolderId = reopening?.from ?? ('lastHolderId' in before ? before.lastHolderId : null);
  if (state.lastHolderId === lastHolderId || patched(RECALLED_BY_A_LAPSE_ALONE)) return step;
  return { ...step, state: { ...state, lastHolderId } };
}

/** What is on record stands: a human has been told so. */
export function adopt(desk: Desk, version: number, recorded: AlertState): void {
  const own = desk.state;
  const batch = Math.max(own?.batch ?? 0, recorded.batch);
  desk.state = { ...recorded, batch };
  desk.base = version;
  desk.version = version;
  desk.adoptions += 1;
  show(desk);
  const isQuiet = recorded.kind !== 'paging';
  if (isQuiet) desk.perform(desk, [{ kind: 'stop_pages' }]);
}

export function note(
  desk: Desk,
  kind: string,
  { personId, via }: Hand = NOBODY,
  data: AlertNews['data'] = {},
): void {
  desk.news.push({ kind, atMs: Date.now(), actorId: personId, via, data });
}

function isWorthANote(event: AlertEvent): boolean {
  return event.kind !== 'tick' && event.kind !== 'sign' && event.kind !== 'trigger';
}

function dataOf(event: AlertEvent, state: AlertState): AlertNews['data'] {
  switch (event.kind) {
    case 'page_result': {
      const { batch, result, page } = event;
      return { batch, result, personId: page.personId, channel: page.channel };
    }
    case 'resolve':
      return { outcome: event.outcome, status: state.kind };
    default:
      return { status: state.kind };
  }
}

/** Keeps Temporal UI readable for whoever is on call, without a word about health. */
export function show(desk: Desk): void {
  if (desk.state !== null) setCurrentDetails(describe(desk.state, desk.number));
}

/** The same for every attempt to write one version, also after the run has continued as new. */
export function markOf(desk: Desk): string {
  return `${workflowInfo().firstExecutionRunId}:${String(desk.version)}`;
}
