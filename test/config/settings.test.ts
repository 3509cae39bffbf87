import { describe, expect, test } from '@jest/globals';
import { loadLauncherSettings } from '../../config/launcher-settings.ts';
import { loadSettings, SettingsFault } from '../../config/settings.ts';
import type { Env, SettingFault } from '../../config/settings.ts';

const complete: Env = {
  DATABASE_URL: 'postgresql://app:pw@db/holdfast',
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
  TWILIO_ACCOUNT_SID: 'AC1',
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_FROM: '+15550100',
  SMTP_URL: 'smtp://mail',
  MAIL_FROM: 'clinic@example.com',
};

function faultsOf(load: () => unknown): readonly SettingFault[] {
  try {
    load();
  } catch (fault) {
    if (fault instanceof SettingsFault) return fault.faults;
    throw fault;
  }
  return [];
}

function variablesOf(env: Env): string[] {
  return faultsOf(() => loadSettings(env)).map(({ variable }) => variable);
}

describe('settings', () => {
  test('what is missing is told all at once', () => {
    expect(variablesOf({}).toSorted()).toEqual(Object.keys(complete).toSorted());
    expect(variablesOf(complete)).toEqual([]);
  });

  test('a model that is asked for money has its prices told', () => {
    const model = { COMPANION_MODEL_URL: 'https://models.example.com/v1' };
    expect(variablesOf({ ...complete, ...model })).toEqual([
      'COMPANION_MODEL_KEY',
      'COMPANION_MODEL',
      'COMPANION_MODEL_INPUT_PRICE',
      'COMPANION_MODEL_OUTPUT_PRICE',
    ]);
    const whole = {
      ...complete,
      ...model,
      COMPANION_MODEL_KEY: 'key',
      COMPANION_MODEL: 'small',
      COMPANION_MODEL_INPUT_PRICE: '0.15',
      COMPANION_MODEL_OUTPUT_PRICE: '0.6',
      COMPANION_DAILY_CEILING: '2.5',
    };
    expect(loadSettings(whole).companion.model).toMatchObject({
      inputPrice: 0.15,
      outputPrice: 0.6,
      dailyCeilingMicros: 2_500_000,
      personCeilingMicros: 250_000,
    });
    const half = loadSettings({ ...whole, COMPANION_PERSON_SHARE: '0.5' }).companion.model;
    expect(half?.personCeilingMicros).toBe(1_250_000);
    expect(variablesOf({ ...whole, COMPANION_PERSON_SHARE: '1.5' })).toEqual([
      'COMPANION_PERSON_SHARE',
    ]);
    expect(variablesOf({ ...whole, COMPANION_DAILY_CEILING: '2,5' })).toEqual([
      'COMPANION_DAILY_CEILING',
    ]);
    expect(loadSettings(complete).companion.model).toBeNull();
  });

  test('words are made by the engine at hand, by a service that is named, or not at all', () => {
    const speech = (env: Env): unknown => loadSettings({ ...complete, ...env }).speech;
    expect(speech({ SPEECH_ENGINE_DIR: '/engine' })).toEqual({
      engine: 'local',
      folder: '/engine',
    });
    expect(speech({ SPEECH_TO_TEXT: 'off', SPEECH_URL: 'https://a.example' })).toEqual({
      engine: 'off',
    });
    const service = { SPEECH_URL: 'https://speech.example.com/v1', SPEECH_LANGUAGE: 'English' };
    expect(variablesOf({ ...complete, ...service })).toEqual([
      'SPEECH_KEY',
      'SPEECH_MODEL',
      'SPEECH_LANGUAGE',
    ]);
    const whole = { ...service, SPEECH_KEY: 'key', SPEECH_MODEL: 'm', SPEECH_LANGUAGE: 'en' };
    expect(speech(whole)).toMatchObject({ engine: 'service', language: 'en', retries: 2 });
    expect(variablesOf({ ...complete, SPEECH_TO_TEXT: 'service' })).toContain('SPEECH_URL');
  });

  test('participants of a session are as many as published unless it is set', () => {
    const limits = (env: Env): unknown =>
      loadSettings({ ...complete, ...env }).media.participantLimits;
    const published = {
      individual: 2,
      couples: 3,
      family: 8,
      group: 12,
      support: 20,
      workshop: 50,
    };
    expect(limits({})).toEqual(published);
    expect(limits({ PARTICIPANT_LIMITS: '{"group":6}' })).toEqual({ ...published, group: 6 });
  });

  test('limits are as published unless they are set', () => {
    const limits = (env: Env): unknown => loadSettings({ ...complete, ...env }).api.rateLimits;
    const published = {
      api: { points: 100, seconds: 900 },
      auth: { points: 5, seconds: 60 },
      admin: { points: 200, seconds: 900 },
    };
    expect(limits({})).toMatchObject(published);
    const auth = { points: 7, seconds: 120 };
    expect(limits({ RATE_LIMIT_AUTH: '7/2m' })).toMatchObject({ ...published, auth });
  });

  test.each([
    ['PORT', '70000'],
    ['PORT', '5e3'],
    ['PORT', '6000'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://secret-value@db/x'],
    ['PUBLIC_URL', 'ftp://example.com'],
    ['CORS_ORIGINS', 'https://a.example,https://b.example/path'],
    ['TRUSTED_PROXIES', '-1'],
    ['JWT_EXPIRES_IN', '15'],
    ['JWT_EXPIRES_IN', '0s'],
    ['TEMPORAL_ADDRESS', 'temporal'],
    ['RATE_LIMIT_AUTH', '5'],
    ['RATE_LIMIT_API', '0/15m'],
    ['RATE_LIMIT_ADMIN', '-1/1h'],
    ['TWILIO_FROM', '555 secret-value'],
    ['HOLDFAST_SANDBOX', 'perhaps'],
    ['ICE_SERVERS', '{"urls":"stun:x"}'],
    ['ICE_SERVERS', '[{"url":"stun:x"}]'],
    ['ICE_SERVERS', '[{"urls":"https://secret-value"}]'],
    ['ICE_SERVERS', '[{"urls":"stun://secret-value"}]'],
    ['ICE_SERVERS', '[{"urls":["stun:a","turn:secret-value"]}]'],
    [
      'ICE_SERVERS',
      '[{"urls":"turn:secret-value?transport=pigeon","username":"a","credential":"b"}]',
    ],
    ['MEDIASOUP_ANNOUNCED_IP', 'https://secret-value'],
    ['MEDIASOUP_ANNOUNCED_IP', '10.0.0'],
    ['MEDIASOUP_ANNOUNCED_IP', '0.0.0.0'],
    ['MEDIASOUP_MIN_PORT', 'secret-value'],
    ['MEDIASOUP_MIN_PORT', '0'],
    ['TRUSTED_ISSUERS', 'secret-value'],
    ['PARTICIPANT_LIMITS', '{"group":1}'],
    ['PARTICIPANT_LIMITS', '{"crowd":5}'],
    ['PARTICIPANT_LIMITS', 'secret-value'],
    ['MEDIASOUP_MAX_PORT', '9'],
    ['MEDIASOUP_WORKERS', '0'],
    ['TURN_SECRET', 'secret-value'],
    ['TURN_URLS', 'turn:turn.example.com'],
    ['MEDIA_DRAIN', 'secret-value'],
    ['MEDIA_URL', 'secret-value'],
    ['WEBHOOK_PRIVATE_HOSTS', 'ok.internal,https://secret-value'],
  ])('%s=%s is refused by name and never by value', (variable, value) => {
    const faults = faultsOf(() => loadSettings({ ...complete, [variable]: value }));
    expect(faults.map((fault) => fault.variable)).toEqual([variable]);
    expect(JSON.stringify(faults)).not.toContain('secret-value');
  });

  test('DATABASE_URL wins over DB_*, which compose one when it is absent', () => {
    const parts = {
      DB_HOST: 'h',
      DB_PORT: '6000',
      DB_USERNAME: 'a@b',
      DB_PASSWORD: 'p/w?',
      DB_NAME: 'n',
    };
    expect(loadSettings({ ...complete, ...parts }).database.url).toBe(complete['DATABASE_URL']);
    const composed = new URL(
      loadSettings({ ...complete, ...parts, DATABASE_URL: '' }).database.url,
    );
    expect([composed.host, composed.pathname]).toEqual(['h:6000', '/n']);
    expect(decodeURIComponent(composed.username)).toBe('a@b');
    expect(decodeURIComponent(composed.password)).toBe('p/w?');
    expect(variablesOf({ ...complete, DATABASE_URL: '', DB_HOST: 'h' })).toEqual(['DB_NAME']);
  });

  test('the published variables of the teletherapy door keep their meaning', () => {
    const settings = loadSettings({
      ...complete,
      NODE_ENV: 'development',
      PORT: '3002',
      DB_SYNC: 'false',
      JWT_SECRET: 'your-secret-key',
      JWT_EXPIRES_IN: '15m',
      ICE_SERVERS: '[{"urls":"stun:stun.example.com:19302"}]',
      MEDIASOUP_ANNOUNCED_IP: '127.0.0.1',
      MEDIASOUP_MIN_PORT: '20000',
      MEDIASOUP_MAX_PORT: '20100',
      CHAT_SERVICE_URL: 'http://chat-service:3003',
    });
    expect(settings.api).toMatchObject({ port: 3002, publicUrl: 'http://localhost:3002' });
    expect(settings.auth).toMatchObject({
      accessTokenTtlMs: 900_000,
      sharedSecret: null,
    });
    expect(settings.media).toMatchObject({ minPort: 20_000, maxPort: 20_100 });
    expect(settings.unused).toEqual(['DB_SYNC', 'CHAT_SERVICE_URL', 'JWT_SECRET']);
  });

  test('a secret that signs tokens is long enough, and none that everybody knows', () => {
    const of = (env: Record<string, string>) => loadSettings({ ...complete, ...env }).auth;
    const long = 'x'.repeat(32);
    expect(of({ JWT_SECRET: long }).sharedSecret).toBe(long);
    expect(of({ JWT_SECRET: '' }).sharedSecret).toBeNull();
    const short = 'x'.repeat(31);
    const known = { JWT_SECRET: 'your-secret-key', NODE_ENV: 'production' };
    expect(variablesOf({ ...complete, JWT_SECRET: short })).toEqual(['JWT_SECRET']);
    expect(variablesOf({ ...complete, ...known })).toEqual(['JWT_SECRET']);
    expect(() => of({ JWT_SECRET: short })).toThrow('at least 32 bytes');
    expect(() => of({ JWT_SECRET: short })).not.toThrow(short);
  });

  const issuer = {
    issuer: 'https://id.example.com',
    jwksUrl: 'https://id.example.com/jwks',
    audience: 'holdfast',
    algorithms: ['RS256'],
  };

  test.each([
    ['an algorithm with a shared secret', { ...issuer, algorithms: ['RS256', 'HS256'] }],
    ['no algorithm at all', { ...issuer, algorithms: ['none'] }],
    ['an empty list of algorithms', { ...issuer, algorithms: [] }],
    ['keys over plain http', { ...issuer, jwksUrl: 'http://id.example.com/jwks' }],
    ['an empty audience', { ...issuer, audience: '' }],
    ['no word on the audience', { ...issuer, audience: undefined }],
  ])('an issuer is not trusted with %s', (_case, bad) => {
    expect(
      loadSettings({ ...complete, TRUSTED_ISSUERS: JSON.stringify([issuer]) }).auth,
    ).toMatchObject({
      trustedIssuers: [issuer],
    });
    const env = { ...complete, TRUSTED_ISSUERS: JSON.stringify([issuer, bad]) };
    expect(variablesOf(env)).toEqual(['TRUSTED_ISSUERS']);
  });
});

test('an issuer whose tokens name no audience says so', () => {
  const env = {
    ...complete,
    TRUSTED_ISSUERS: JSON.stringify([
      {
        issuer: 'https://clerk.example.com',
        jwksUrl: 'https://clerk.example.com/.well-known/jwks.json',
        audience: null,
        algorithms: ['RS256'],
      },
    ]),
  };
  expect(loadSettings(env).auth.trustedIssuers).toMatchObject([{ audience: null }]);
});

describe("the launcher's settings", () => {
  test('an empty environment embeds everything', () => {
    expect(loadLauncherSettings({})).toMatchObject({
      databaseUrl: null,
      temporalAddress: null,
      standIns: { stripe: true, twilio: true, mail: true, eligibility: true },
    });
  });

  test('a provider that is set in part is a fault, not a stand-in', () => {
    const faults = faultsOf(() =>
      loadLauncherSettings({
        STRIPE_SECRET_KEY: 'sk_test_1',
        TWILIO_FROM: '+15550100',
        SMTP_URL: 'smtp://m',
      }),
    );
    expect(faults.map(({ variable }) => variable)).toEqual([
      'STRIPE_WEBHOOK_SECRET',
      'TWILIO_ACCOUNT_SID',
      'TWILIO_AUTH_TOKEN',
      'MAIL_FROM',
    ]);
  });
});
