import { expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { askWorkflow } from '../../../api/sessions/messages.ts';
import type { ApiDeps } from '../../../api/context.ts';
import { errorCodeOf } from '../../../domain/errors.ts';
import { approveUpdate } from '../../../workflows/messages/session.ts';

type Outcome = string | WorkflowUpdateFailedError;

const GIVEN_UP = new WorkflowUpdateFailedError(
  'Workflow Update failed',
  new ActivityFailure('Activity task timed out', 'authorise', '1', 'TIMEOUT', undefined),
);
const REFUSED = new WorkflowUpdateFailedError(
  'Workflow Update failed',
  ApplicationFailure.nonRetryable('It is over.', 'wrong_state'),
);

/** A server that knows some updates already, and answers to any other. */
function server(known: Readonly<Record<string, Outcome>>): { deps: ApiDeps; asked: string[] } {
  const asked: string[] = [];
  const startUpdate = (_update: unknown, { updateId }: { updateId: string }) => {
    asked.push(updateId);
    const outcome = known[updateId] ?? `answer to ${updateId}`;
    const result = (): Promise<unknown> =>
      typeof outcome === 'string' ? Promise.resolve(outcome) : Promise.reject(outcome);
    return Promise.resolve({ result });
  };
  const temporal = {
    workflow: { getHandle: () => ({ startUpdate }) },
    withDeadline: (_at: number, work: () => unknown) => work(),
  };
  return { deps: { temporal } as unknown as ApiDeps, asked };
}

function ask({ deps }: { readonly deps: ApiDeps }): Promise<unknown> {
  return askWorkflow(deps, 'session-1', approveUpdate as never, {}, 'key');
}

test('whoever repeats a request gets the answer to the first', async () => {
  const one = server({ key: 'known' });
  expect(await ask(one)).toBe('known');
  expect(one.asked).toEqual(['key']);
});

test('what an earlier request was given up for is tried again', async () => {
  const one = server({ key: GIVEN_UP });
  expect(await ask(one)).toMatch(/^answer to key\.\d+$/);
  expect(one.asked).toHaveLength(2);
});

test('what the session has refused stays refused', async () => {
  const one = server({ key: REFUSED });
  expect(errorCodeOf(await ask(one).catch((error: unknown) => error))).toBe('wrong_state');
  expect(one.asked).toEqual(['key']);
});
