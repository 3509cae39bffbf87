export { calendarImportWorkflow } from './calendar-import.ts';
export { creditPurchaseWorkflow } from './credit-purchase.ts';
export { enrolmentWorkflow } from './enrolment.ts';
export { reconciliationWorkflow } from './reconciliation.ts';
export { sessionWorkflow } from './session.ts';
export { startAheadWorkflow } from './start-ahead.ts';
export { sweepWorkflow } from './sweep.ts';
