export { sessionWorkflow } from './session.ts';
export { sweepWorkflow } from './sweep.ts';
