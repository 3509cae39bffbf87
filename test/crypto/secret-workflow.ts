import {
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
} from '@temporalio/workflow';

export interface SecretActivities {
  echo(text: string): Promise<string>;
  fail(text: string): Promise<void>;
}

export const finishSignal = defineSignal<[unknown]>('finish');
export const tellUpdate = defineUpdate<string, [string]>('tell');

const activities = proxyActivities<SecretActivities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

/** Sends its secret through every place where a payload or a failure can come to rest. */
export async function secretWorkflow(secret: string): Promise<unknown> {
  const refused: unknown[] = [];
  let isFinished = false;
  setHandler(finishSignal, (argument) => {
    if (argument === 'now') isFinished = true;
    else refused.push(argument);
  });
  setHandler(tellUpdate, async (text) => `${await activities.echo(text)}!`);
  setCurrentDetails(secret);
  await sleep('1s', { summary: secret });
  await activities.fail(secret).catch(() => undefined);
  await condition(() => isFinished);
  return { secret, refused };
}

/** Fails with its secret in the message, the details and the cause. */
export async function failingWorkflow(secret: string): Promise<void> {
  await activities.fail(secret);
}
