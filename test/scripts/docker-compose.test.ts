import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { loadSettings } from '../../config/settings.ts';
import { root } from '../../scripts/root.ts';

interface Healthcheck {
  test: string[];
  interval: string;
  timeout: string;
  retries: number;
}

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: Healthcheck;
  secrets?: string[];
  volumes?: string[];
  ports?: string[];
}

interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
}

const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), {
  merge: true,
}) as Compose;
const services = Object.entries(compose.services);

/** The variables that the product reads, found by watching it read. */
function variablesOfTheProduct(): Set<string> {
  const read = new Set<string>();
  const watched = new Proxy<Record<string, string>>(
    { DB_HOST: 'h', DB_NAME: 'n', COMPANION_MODEL_URL: 'http://m', SPEECH_URL: 'http://s' },
    {
      get: (env, name: string) => {
        read.add(name);
        return env[name];
      },
    },
  );
  expect(() => loadSettings(watched)).toThrow('STRIPE_SECRET_KEY is missing');
  return read;
}

/** The environment as compose would pass it, with a value for every variable that it asks for. */
function resolved(
  environment: Record<string, string>,
  given: Record<string, string>,
): Record<string, string> {
  const filled = (text: string): string =>
    text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind, rest: string) => {
      const value = given[name];
      if (value === undefined && kind !== '-') throw new Error(`${name} is not set`);
      return value ?? rest;
    });
  return Object.fromEntries(
    Object.entries(environment).map(([name, text]) => [name, filled(text)]),
  );
}

describe('docker-compose.yml', () => {
  test.each(services)(
    '%s has an image, and waits only for what exists and can become so',
    (_name, service) => {
      expect(service.image).toMatch(/^[\w./-]+(:[\w.-]+)?$/);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        const target = compose.services[other];
        expect(target).toBeDefined();
        expect(['service_healthy', 'service_completed_successfully']).toContain(condition);
        if (condition === 'service_healthy') expect(target?.healthcheck).toBeDefined();
      }
      for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty(secret);
      for (const volume of service.volumes ?? []) {
        expect(compose.volumes).toHaveProperty([volume.split(':')[0] ?? '']);
      }
    },
  );

  test.each(services.filter(([, { healthcheck }]) => healthcheck))(
    '%s has a well-formed health check',
    (_name, { healthcheck }) => {
      expect(['CMD', 'CMD-SHELL']).toContain(healthcheck?.test[0]);
      expect(healthcheck?.test.length).toBeGreaterThan(1);
      expect(healthcheck).toMatchObject({
        interval: expect.stringMatching(/^\d+s$/),
        timeout: expect.stringMatching(/^\d+s$/),
        retries: expect.any(Number),
      });
    },
  );

  test('the processes of the product have entries, and only variables that they read', () => {
    const known = variablesOfTheProduct();
    const own = services.filter(([, { build }]) => build !== undefined);
    expect(own.map(([name]) => name)).toEqual(['migrate', 'api', 'worker', 'crisis', 'media']);
    for (const [, { command, environment }] of own) {
      const entry = command?.find((argument) => !argument.startsWith('--'));
      expect(existsSync(join(root, entry ?? ''))).toBe(true);
      expect(Object.keys(environment ?? {}).filter((name) => !known.has(name))).toEqual([]);
    }
  });

  test('with the variables that it asks for, the environment is one that the product accepts', () => {
    const given = {
      POSTGRES_PASSWORD: 'p@ss word',
      PUBLIC_URL: 'https://clinic.example.com',
      STRIPE_SECRET_KEY: 'sk_test_1',
      STRIPE_WEBHOOK_SECRET: 'whsec_1',
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_AUTH_TOKEN: 'token',
      TWILIO_FROM: '+15550100',
      SMTP_URL: 'smtp://mail',
      MAIL_FROM: 'clinic@example.com',
    };
    const environment = compose.services['api']?.environment ?? {};
    expect(() => resolved(environment, {})).toThrow('POSTGRES_PASSWORD is not set');
    const settings = loadSettings(resolved(environment, given));
    expect(settings.database.url).toContain('@postgres:5432/holdfast');
    expect(settings.temporal.address).toBe('temporal:7233');
    expect(settings.sandbox).toBe(false);
  });
});
