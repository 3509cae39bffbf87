import { developmentServerFlags, fileDatabaseFlags } from './temporal-flags.ts';

export interface TemporalServerOptions {
  databaseFile: string;
  port: number;
  uiPort: number;
  namespace: string;
  /** Where Temporal UI has encrypted payloads made readable. */
  codecEndpoint: string;
}

/** Arguments of the Temporal CLI for the embedded server, whose data survives in a file. */
export function temporalServerArguments(options: TemporalServerOptions): string[] {
  const own = {
    '--ip': '127.0.0.1',
    '--port': options.port,
    '--ui-ip': '127.0.0.1',
    '--ui-port': options.uiPort,
    '--db-filename': options.databaseFile,
    '--namespace': options.namespace,
    '--ui-codec-endpoint': options.codecEndpoint,
    '--log-level': 'warn',
    '--log-format': 'json',
  };
  return [
    'server',
    'start-dev',
    ...Object.entries(own).map(([flag, value]) => `${flag}=${value}`),
    ...developmentServerFlags,
    ...fileDatabaseFlags,
  ];
}
