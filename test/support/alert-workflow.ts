import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type {
  AlertRecord,
  CrisisActivities,
  PageJob,
  RecordedAlert,
} from '../../activities/crisis/contract.ts';
import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import type { EscalationPolicies } from '../../domain/escalation-policy.ts';
import type { EscalationContext } from '../../domain/escalation.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import { CRISIS_ALERT_WORKFLOW, type AlertInput } from '../../workflows/messages/crisis-alert.ts';

/** Stand-ins for everything outside of an alert's workflow, which write down what they were asked. */
export class CrisisWorld {
  readonly pages: PageJob[] = [];
  readonly records: AlertRecord[] = [];
  readonly calls: string[] = [];
  readonly team = [randomUUID(), randomUUID()];
  readonly others = [randomUUID()];
  record: RecordedAlert | null = null;
  readonly context: EscalationContext;
  readonly activities: CrisisActivities;

  constructor(
    overrides: (world: CrisisWorld) => Partial<CrisisActivities> = () => ({}),
    policies: EscalationPolicies = DEFAULT_POLICIES,
  ) {
    const everybody = [...this.team, ...this.others];
    this.context = {
      policies,
      view: {
        shifts: {},
        teams: { crisis_team: this.team, counselors: everybody, admins: [] },
        reach: Object.fromEntries(everybody.map((id) => [id, ['socket', 'sms'] as const])),
      },
    };
    const known = { digest: 'one', context: this.context };
    const all: CrisisActivities = {
      beginAlert: async ({ clinicId }) => ({
        clinicId: clinicId ?? randomUUID(),
        known,
        record: this.record,
      }),
      readContext: async () => null,
      sendPage: async (job) => {
        this.pages.push(job);
        return { kind: 'sent', providerId: randomUUID(), isRecorded: true };
      },
      stopPages: async () => undefined,
      recordAlert: async (step) => {
        this.records.push(step);
        return { kind: 'recorded' };
      },
      recordLate: async ({ alertId }) => ({ alertId, number: 'CA-2026-000001' }),
      tellPerson: async () => undefined,
      tellHolder: async () => undefined,
      raiseAnew: async () => undefined,
      isPersonGone: async () => false,
      isPersonBack: async () => true,
      tellOfLoss: async () => undefined,
      openFollowUp: async () => undefined,
      ...overrides(this),
    };
    this.activities = this.#noted(all);
  }

  #noted(all: CrisisActivities): CrisisActivities {
    const noted = Object.entries(all).map(([name, run]) => [
      name,
      (input: never) => {
        this.calls.push(name);
        return (run as (input: never) => unknown)(input);
      },
    ]);
    return Object.fromEntries(noted) as CrisisActivities;
  }
}

export interface StartedAlert {
  readonly handle: WorkflowHandle;
  readonly input: AlertInput;
}

type Start = (input?: Partial<AlertInput>) => Promise<StartedAlert>;

/** Runs `story` beside a worker of these activities, on a queue of its own. */
export async function withCrisisWorker(
  environment: TestWorkflowEnvironment,
  world: CrisisWorld,
  story: (start: Start) => Promise<void>,
): Promise<void> {
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles'), 'crisis'),
    activities: { ...world.activities },
  });
  await worker.runUntil(() =>
    story(async (given = {}) => {
      const input: AlertInput = { ...alertInput(), ...given };
      const handle = await environment.client.workflow.start(CRISIS_ALERT_WORKFLOW, {
        taskQueue,
        workflowId: randomUUID(),
        args: [input],
      });
      return { handle, input };
    }),
  );
}

export function alertInput(): AlertInput {
  return {
    alertId: randomUUID(),
    clinicId: randomUUID(),
    personId: randomUUID(),
    number: 'CA-2026-000001',
    isDrill: false,
    first: { triggerId: randomUUID(), severity: 'critical', sessionId: null, unrecorded: null },
    memory: null,
  };
}
