import { WorkflowClient } from '@temporalio/client';
import { deadlyStart } from './killable-points.ts';

// The API's own process, in which starting a session's workflow, or an alert's, is deadly.
const point = process.argv[2] ?? '';
const { start, startUpdateWithStart } = WorkflowClient.prototype;
if (point === 'before_alert_start') {
  WorkflowClient.prototype.startUpdateWithStart = deadlyStart(point, startUpdateWithStart);
} else {
  WorkflowClient.prototype.start = deadlyStart(point, start);
}

await import('../../api/main.ts');
