import { type UpdateDefinition, ApplicationFailure } from '@temporalio/common';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { type Decided, type HumanEvent, decideOnRow } from '../../db/crisis-verbs.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { AlertOutcome } from '../../domain/alert-events.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { workflowId } from '../../domain/ids.ts';
import {
  type AlertAnswer,
  type ResolveRequest,
  type VerbRequest,
  type VerbWay,
  acknowledgeUpdate,
  contactUpdate,
  releaseUpdate,
  resolveUpdate,
} from '../../workflows/messages/crisis-alert.ts';
import { afterAnswering } from '../background.ts';
import { auditContext } from '../access/audit-context.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';

export type AlertVerb = 'acknowledge' | 'contact' | 'release' | 'resolve';
export type DecideDeps = Pick<ApiDeps, 'crisisKnex' | 'temporal' | 'sms' | 'log'>;

/** One human's word on one alert. */
export interface AlertWord {
  readonly alertId: string;
  readonly verb: AlertVerb;
  readonly personId: string;
  readonly via: Exclude<VerbWay, 'temporal_ui'>;
  /** The call by whose keys it was said, by the provider's name: it isn't hung up. */
  readonly callId?: string | null;
  /** Where it is to be resolved. */
  readonly outcome: AlertOutcome | null;
  /** The same word again, under the same id, is one. */
  readonly wordId: string;
}

/** A worker has so long to take a word; when none does, the record decides, ms. */
const TAKEN_WITHIN_MS = 2_000;
const ANSWERED_WITHIN_MS = 4_000;

/**
 * Decides a word by the alert's workflow, so that of several ways at once one wins. While it can't
 * be reached, the alert's row decides under its lock by the same rules, and the workflow goes on
 * from there. Throws `not_found`, and `dependency_unavailable` when neither answers.
 */
export async function decideWord(deps: DecideDeps, word: AlertWord): Promise<AlertAnswer> {
  try {
    return await askWorkflow(deps, word);
  } catch (error) {
    if (isRefusal(error)) throw new HoldfastError('malformed_request', 'This is not understood');
    const { alertId, verb } = word;
    deps.log.warn({ alertId, verb, error: safely(error) }, 'the record decides');
    return askRecord(deps, word);
  }
}

async function askWorkflow({ temporal }: DecideDeps, word: AlertWord): Promise<AlertAnswer> {
  const { personId, via, outcome, wordId, callId = null } = word;
  const handle = temporal.workflow.getHandle(workflowId('alert', word.alertId));
  const within = <T>(ms: number, work: () => Promise<T>): Promise<T> =>
    temporal.withDeadline(Date.now() + ms, work);
  const ask = async <Request extends VerbRequest>(
    update: UpdateDefinition<AlertAnswer, [Request]>,
    request: Request,
  ): Promise<AlertAnswer> => {
    const asked = await within(TAKEN_WITHIN_MS, () =>
      handle.startUpdate<AlertAnswer, [Request]>(update, {
        args: [request],
        updateId: `${word.verb}:${wordId}`,
        waitForStage: 'ACCEPTED',
      }),
    );
    return within(ANSWERED_WITHIN_MS, () => asked.result());
  };
  if (word.verb === 'resolve') {
    const request: ResolveRequest = { personId, via, outcome: outcome! };
    return ask(resolveUpdate, request);
  }
  return ask(UPDATES[word.verb], { personId, via, callId });
}

const UPDATES = {
  acknowledge: acknowledgeUpdate,
  contact: contactUpdate,
  release: releaseUpdate,
} as const;

function isRefusal(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'malformed_request'
  );
}

async function askRecord(deps: DecideDeps, word: AlertWord): Promise<AlertAnswer> {
  const { verb, personId: by, outcome, alertId, via } = word;
  const event: HumanEvent = verb === 'resolve' ? { kind: verb, by, outcome } : { kind: verb, by };
  const decided = await decideByRecord(deps, alertId, event, via);
  if (decided === null) throw new HoldfastError('not_found', 'There is nothing of this id');
  const { state, refusal } = decided;
  const holderId = 'holderId' in state ? state.holderId : null;
  return { kind: refusal?.reason ?? 'done', status: state.kind, holderId, isRecorded: true };
}

/** The same for a sign of contact, which is no verb. */
export async function decideByRecord(
  deps: DecideDeps,
  alertId: string,
  event: HumanEvent,
  via: string,
): Promise<Decided | null> {
  const decided = await inTransaction(deps.crisisKnex, auditContext(null, alertId), (trx) =>
    decideOnRow(trx, alertId, event, via),
  );
  for (const call of decided?.calls ?? []) {
    afterAnswering(deps.log, 'hanging up', () => deps.sms.hangUp(call));
  }
  return decided;
}
