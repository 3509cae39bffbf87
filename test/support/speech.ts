import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { BYTES_PER_MS, SAMPLE_RATE } from '../../activities/gateways/speech/gateway.ts';
import type { SpeechGateway } from '../../activities/gateways/speech/gateway.ts';
import {
  type SpeechServiceOptions,
  createSpeechService,
} from '../../activities/gateways/speech/service.ts';
import { type SpeechMode, createSpeechSandbox } from '../../sandbox/speech/index.ts';

export interface TestSpeech {
  readonly baseUrl: string;
  gatewayWith(settings?: Partial<SpeechServiceOptions>): SpeechGateway;
  setMode(mode: SpeechMode): void;
  asked(): number;
  close(): Promise<void>;
}

/** The stand-in of a speech service on a port of its own, and gateways to it. */
export async function startTestSpeech(): Promise<TestSpeech> {
  const sandbox = createSpeechSandbox({ slowMs: 600_000 });
  const server = createServer(express().use('/speech/v1', sandbox.router));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/speech/v1`;
  return {
    baseUrl,
    gatewayWith: (settings = {}) =>
      createSpeechService({
        baseUrl,
        apiKey: 'sk-test',
        model: 'stand-in',
        language: 'en',
        timeoutMs: 60_000,
        retries: 0,
        ...settings,
      }),
    setMode: sandbox.setMode,
    asked: sandbox.asked,
    close: async () => {
      sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Seconds of sound: a short tone in the middle of each 1, silence where there is a 0. */
export function soundOf(seconds: readonly (0 | 1)[]): Buffer {
  const sound = Buffer.alloc(seconds.length * 1_000 * BYTES_PER_MS);
  for (let at = 0; at < sound.length / 2; at += 1) {
    const isMiddle = Math.abs((at % SAMPLE_RATE) / SAMPLE_RATE - 0.5) < 0.3;
    if (isMiddle && seconds[Math.floor(at / SAMPLE_RATE)] === 1)
      sound.writeInt16LE(Math.round(8_000 * Math.sin(at / 10)), at * 2);
  }
  return sound;
}
