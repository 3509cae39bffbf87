import { WorkflowClient } from '@temporalio/client';
import { deadlyStart } from './killable-points.ts';

// The API's own process, in which starting a session's workflow is deadly.
const { start } = WorkflowClient.prototype;
WorkflowClient.prototype.start = deadlyStart(process.argv[2] ?? '', start);

await import('../../api/main.ts');
