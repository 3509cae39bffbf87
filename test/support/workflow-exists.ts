import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { until } from './until.ts';

/** Resolves when somebody has started it. */
export async function exists(handle: WorkflowHandle): Promise<void> {
  await until(async () => {
    try {
      await handle.describe();
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  });
}
