import { workflowId } from '../../domain/ids.ts';
import * as acts from '../support/stack-acts.ts';
import type { Life } from './lives.ts';

const SECOND_MS = 1_000;

/** Opened ahead of a session, where no host takes rooms, and closed after it. */
export const room: Life = {
  plan: {
    room: { opensBeforeStartMs: 4 * SECOND_MS, closesAfterEndMs: SECOND_MS },
    attendanceWindowMs: SECOND_MS,
  },
  live: async (stack, { book }) => {
    const booked = await book(12 * SECOND_MS);
    acts.ok(await acts.approve(stack, booked));
    acts.ok(await acts.pay(stack, booked));
    await acts.reaches(stack, booked, 'confirmed');
    await acts.resultOf(stack, booked);
    await stack.temporal.workflow.getHandle(workflowId('room', booked.id)).result();
    return workflowId('room', booked.id);
  },
};
