// Jest takes only a default export here; the work is in a checked file.
export { beginRun as default } from './test-run.ts';
