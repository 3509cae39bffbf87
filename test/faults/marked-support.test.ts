import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import protoPackage from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { hearBroadcasts, typedInDistress } from './marked-support.ts';
import { MARK, expectUnmarked, isMarked, markedTables } from './marks.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let broadcasts: Awaited<ReturnType<typeof hearBroadcasts>>;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startCrisisWorker();
  broadcasts = await hearBroadcasts(stack.api.databaseUrl);
  await typedInDistress(stack, MARK);
}, 240_000);
afterAll(async () => {
  await broadcasts?.close();
  await stack?.close();
  await server?.teardown();
}, 120_000);

describe('what people type in distress, and others about them', () => {
  test('is in no history', async () => {
    const { temporal } = protoPackage;
    const kinds = new Set<string>();
    for await (const { workflowId, type } of stack.temporal.workflow.list()) {
      kinds.add(type);
      const handle = stack.temporal.workflow.getHandle(workflowId);
      const history = await handle.fetchHistory();
      expectUnmarked(Buffer.from(temporal.api.history.v1.History.encode(history).finish()));
      const { raw } = await handle.describe();
      const { DescribeWorkflowExecutionResponse } = temporal.api.workflowservice.v1;
      expectUnmarked(Buffer.from(DescribeWorkflowExecutionResponse.encode(raw).finish()));
    }
    expect([...kinds]).toContain('crisisAlertWorkflow');
  });

  test('is in no log, of the API or of a worker', () => {
    expectUnmarked(stack.logs() + JSON.stringify(stack.api.logged));
  });

  test('is in no text message, call or mail', async () => {
    for (const place of ['twilio/messages', 'twilio/calls', 'mail/messages']) {
      const listed = await fetch(`${stack.sandboxUrl}/control/${place}`);
      expect(isMarked(await listed.text())).toBe(false);
    }
  });

  test('is in no broadcast between processes', () => {
    const heard = broadcasts.heard.join('\n');
    expect(heard).toContain('message-created');
    expect(heard).toContain('crisis-alert');
    expectUnmarked(heard);
  });

  test('is sealed wherever the database keeps it, the outbox and the audit included', async () => {
    expect(await markedTables(stack.api.knex)).toEqual([]);
  });
});
