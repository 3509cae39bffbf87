import { TestWorkflowEnvironment } from '@temporalio/testing';
import { developmentServerFlags } from '../../scripts/parts/temporal-flags.ts';
import { provideTemporalCli, provideTestServer } from '../../scripts/provision/temporal-tools.ts';

/** Workflows under a clock that skips to the next timer. It has no Schedules; tear it down after use. */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const path = await provideTestServer();
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
}

/**
 * A real Temporal server on a port of its own, in memory, with the settings and search attributes of
 * the product. Tear it down after use.
 */
export async function devServer(): Promise<TestWorkflowEnvironment> {
  const path = await provideTemporalCli();
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: [...developmentServerFlags],
    },
  });
}
