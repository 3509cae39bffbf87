import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import { workflowId } from '../../domain/ids.ts';
import {
  addOnCall,
  alertRow,
  callForHelp,
  codeSentTo,
  press,
  say,
  textBack,
} from '../support/stack-crisis.ts';
import type { Stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { acknowledgeSignal, signSignal } from '../../workflows/messages/crisis-alert.ts';
import type { Life } from './lives.ts';

/** Short waits, so that a recorded life is one. */
async function setQuickPolicies({ api }: Stack): Promise<void> {
  const admin = await api.person({ role: 'admin' });
  const { critical } = DEFAULT_POLICIES;
  const steps = critical.steps.map((step) => ({ ...step, waitMs: 15_000 }));
  const policies = { critical: { ...critical, steps, followUpAfterMs: 60_000 } };
  const reply = await api.call(
    'PUT',
    '/api/v1/escalation-policies',
    { policies },
    { token: admin.token },
  );
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
}

/** Paged, taken by text, given back, taken by phone, in contact, reported again, resolved, looked after. */
export const alert: Life = {
  live: async (stack) => {
    await stack.startCrisisWorker();
    await setQuickPolicies(stack);
    const [first, second] = [await addOnCall(stack), await addOnCall(stack)];
    const { id } = await callForHelp(stack);
    const isHeldBy = (personId: string) => async (): Promise<boolean> =>
      (await alertRow(stack, id)).holder_id === personId;
    await textBack(stack, first.phone, await codeSentTo(stack, first.phone));
    await until(isHeldBy(first.id));
    await say(stack, 'release', id, first);
    await press(stack, second.phone, '1');
    await until(isHeldBy(second.id));
    const handle = stack.temporal.workflow.getHandle(workflowId('alert', id));
    await handle.signal(signSignal, { personId: second.id });
    await say(stack, 'contact', id, second);
    await say(stack, 'resolve', id, second, { outcome: 'safe' });
    await handle.result();
    return workflowId('alert', id);
  },
};

/** Nobody answers for two rounds; then somebody takes it in Temporal UI. */
export const alertByHand: Life = {
  live: async (stack) => {
    await stack.startCrisisWorker();
    await setQuickPolicies(stack);
    const unreachable = await addOnCall(stack, '+15005550110');
    const { id } = await callForHelp(stack);
    const handle = stack.temporal.workflow.getHandle(workflowId('alert', id));
    await handle.signal(acknowledgeSignal, 'nonsense');
    await until(async () => ((await alertRow(stack, id)).state?.batch ?? 0) >= 3);
    await handle.signal(acknowledgeSignal, { personId: unreachable.id });
    await until(async () => (await alertRow(stack, id)).status === 'held');
    return workflowId('alert', id);
  },
};

/** Given back, after which whoever had it writes to the person; then others resolve it. */
export const alertGivenBack: Life = {
  live: async (stack) => {
    await stack.startCrisisWorker();
    await setQuickPolicies(stack);
    const [first, second] = [await addOnCall(stack), await addOnCall(stack)];
    const { id } = await callForHelp(stack);
    await say(stack, 'acknowledge', id, first);
    await say(stack, 'release', id, first);
    const handle = stack.temporal.workflow.getHandle(workflowId('alert', id));
    await handle.signal(signSignal, { personId: first.id });
    await say(stack, 'resolve', id, second, { outcome: 'safe' });
    await until(async () => (await alertRow(stack, id)).status === 'resolved');
    return workflowId('alert', id);
  },
};
