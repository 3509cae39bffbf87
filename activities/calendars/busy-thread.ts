import { parentPort, workerData } from 'node:worker_threads';
import { type BusyQuestion, busyTimesOf } from './busy-times.ts';

// Outside calendars are read here: a hostile one may take time and memory without measure.
parentPort?.postMessage(busyTimesOf(workerData as BusyQuestion), []);
