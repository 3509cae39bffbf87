/** What the crisis worker runs: a bundle of its own, so that a new alert evaluates nothing else. */
export { crisisAlertWorkflow } from './crisis-alert.ts';
