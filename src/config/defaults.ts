// Every default of the configuration, once.
import type { ForwardClientOptions } from './config.js';

export const DEFAULT_PORT = 24224;

export const inputDefaults = {
  chunkSizeLimit: 64 * 2 ** 20,
  chunkSizeWarnLimit: null,
  decompressionSizeLimit: 128 * 2 ** 20,
  maxDepth: 512,
  joinPartial: null,
  maxEntries: 4_000_000,
  maxConnections: 1024,
  handshakeTimeout: 10_000,
  idleTimeout: 0,
} as const;

export const forwardDefaults: ForwardClientOptions = {
  requireAckResponse: true,
  ackResponseTimeout: 190_000,
  connectTimeout: 10_000,
  retryWait: 500,
  retryMaxInterval: 10_000,
  heartbeatType: 'none',
  heartbeatInterval: 1000,
  hardTimeout: 60_000,
};

export const httpDefaults = { timeout: 10_000, batchSize: 1 } as const;
export const joinPartialDefaults = { maxBytes: 16 * 2 ** 20, timeout: 30_000 } as const;
export const redisDefaults = { prefix: 'fluent-detect', timeout: 500 } as const;
export const fileDefaults = { rotateBytes: null, rotateKeep: 5 } as const;

export const configDefaults = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own template
  alertTag: 'alert.${tag}',
  lookBackMax: 200_000,
  rulesWatch: 0,
  statefulMax: 200_000,
  newTermsWarmUp: 0,
  spoolMaxBytes: 2 ** 30,
  spoolMaxAge: 0,
  bufferTotalLimitSize: 8 * 2 ** 30,
  metadata: 'keep',
  memoryLimit: 256 * 2 ** 20,
  workers: 1,
  shutdownTimeout: 30_000,
  logLevel: 'info',
} as const;
