import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createModelGateway } from '../../activities/gateways/model.ts';
import type { ModelGateway, ModelSettings } from '../../activities/gateways/model.ts';
import { createModelSandbox } from '../../sandbox/model/index.ts';
import type { ModelMode } from '../../sandbox/model/index.ts';

export interface TestModel {
  readonly baseUrl: string;
  readonly gateway: ModelGateway;
  /** A gateway to the same stand-in with other settings. */
  gatewayWith(settings: Partial<ModelSettings>): ModelGateway;
  setMode(mode: ModelMode): void;
  asked(): number;
  close(): Promise<void>;
}

/** The model's stand-in on a port of its own, and a gateway to it. */
export async function startTestModel(settings: Partial<ModelSettings> = {}): Promise<TestModel> {
  const sandbox = createModelSandbox({ slowMs: 60_000 });
  const app = express().use('/model/v1', sandbox.router);
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}/model/v1`;
  const gatewayWith = (other: Partial<ModelSettings>): ModelGateway =>
    createModelGateway({
      baseUrl,
      apiKey: 'sk-test',
      model: 'stand-in',
      timeoutMs: 20_000,
      retries: 0,
      maxOutputTokens: 200,
      inputPrice: 1,
      outputPrice: 2,
      ...settings,
      ...other,
    });
  return {
    baseUrl,
    gateway: gatewayWith({}),
    gatewayWith,
    setMode: sandbox.setMode,
    asked: sandbox.asked,
    close: async () => {
      sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
