import type { LauncherSettings } from '../../config/launcher-settings.ts';
import { hasStandIns } from './environment.ts';
import type { PortUse } from './ports.ts';

/** The ports that this run will listen on; a part that is replaced by a real one needs none. */
export function requiredPorts(settings: LauncherSettings): PortUse[] {
  const { ports, databaseUrl, temporalAddress, standIns } = settings;
  const uses: (PortUse & { needed: boolean })[] = [
    { needed: true, variable: 'PORT', what: 'the API', port: ports.api },
    { needed: true, variable: 'WORKER_PORT', what: "the worker's health", port: ports.worker },
    {
      needed: true,
      variable: 'CRISIS_WORKER_PORT',
      what: "the crisis worker's health",
      port: ports.crisisWorker,
    },
    { needed: true, variable: 'MEDIA_PORT', what: 'the rooms', port: ports.media },
    {
      needed: databaseUrl === null,
      variable: 'POSTGRES_PORT',
      what: 'PostgreSQL',
      port: ports.postgres,
    },
    {
      needed: temporalAddress === null,
      variable: 'TEMPORAL_PORT',
      what: 'Temporal',
      port: ports.temporal,
    },
    {
      needed: temporalAddress === null,
      variable: 'TEMPORAL_UI_PORT',
      what: 'Temporal UI',
      port: ports.temporalUi,
    },
    {
      needed: hasStandIns(settings),
      variable: 'SANDBOX_PORT',
      what: 'the stand-ins',
      port: ports.sandbox,
    },
    { needed: standIns.mail, variable: 'SMTP_PORT', what: 'the mail inbox', port: ports.smtp },
  ];
  return uses
    .filter(({ needed }) => needed)
    .map(({ variable, what, port }) => ({ variable, what, port }));
}
