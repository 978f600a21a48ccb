// The Forward server: listens on TCP (with or without TLS) or a unix socket, accepts connections within its bounds,
// and gives every frame to the stage. What is refused is refused by closing: silence would hang Fluent Bit and Docker.
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { InputConfig, ListenAddress } from '../config/config.js';
import { Connection, type ConnectionHooks } from './connection.js';
import { inNetworks } from './handshakeServer.js';
import { readMemory } from './memory.js';
import type { Frame, FrameContext, RejectCode } from './message.js';
import { UdpHeartbeat } from './udpHeartbeat.js';
import type { ReadMemory } from './valueReader.js';

export interface ForwardServerHooks {
  onFrame(frame: Frame, context: FrameContext): void;
  onReject(code: RejectCode, detail: string, peer: string): void;
  /** A connection was opened (+1) or has closed (-1). */
  onConnection(change: 1 | -1): void;
}

export interface ForwardServerDeps {
  readonly random?: (bytes: number) => Buffer;
  /** `ordinary`: never read straight into blocks (the fallback, for tests and measurements). */
  readonly reads?: 'blocks' | 'ordinary';
  /** Shared by all servers of a stage. */
  readonly memory?: ReadMemory;
}

/** Why a server could not listen: the address, and what to do. */
export class ListenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
  }
}

const DEFAULT_MEMORY = 256 * 2 ** 20;

export class ForwardServer {
  readonly #config: InputConfig;
  readonly #hooks: ForwardServerHooks;
  readonly #memory: ReadMemory;
  readonly #random: (bytes: number) => Buffer;
  readonly #reads: 'blocks' | 'ordinary';
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #udp: UdpHeartbeat | null = null;
  #nextId = 1;
  #paused = false;
  #accepting = true;

  constructor(config: InputConfig, hooks: ForwardServerHooks, deps: ForwardServerDeps = {}) {
    this.#config = config;
    this.#hooks = hooks;
    this.#memory = deps.memory ?? readMemory(DEFAULT_MEMORY);
    this.#random = deps.random ?? randomBytes;
    this.#reads = config.tls ? 'ordinary' : (deps.reads ?? 'blocks');
    this.#server = this.#make();
  }

  /** @throws ListenError */
  async listen(): Promise<ListenAddress> {
    const { listen } = this.#config;
    // Workers share the primary's socket, which has freed the path.
    if (listen.kind === 'unix' && !cluster.isWorker) await freeSocketPath(listen.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(listen, error)));
      const done = (): void => resolve();
      if (listen.kind === 'unix') this.#server.listen(listen.path, done);
      else this.#server.listen(listen.port, listen.host, done);
    });
    // From now on what fails is the taking of one connection (no file descriptors left): the next may do.
    this.#server.removeAllListeners('error').on('error', ({ message }) => {
      this.#hooks.onReject('too_many_connections', `it could not be accepted: ${message}`, 'unknown');
    });
    if (listen.kind === 'unix') {
      if (listen.mode !== null) chmodSync(listen.path, listen.mode);
      return listen;
    }
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : listen.port;
    this.#udp = await UdpHeartbeat.open(listen.host, port);
    return { ...listen, port };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Back-pressure: no connection is read while paused. */
  pause(paused: boolean): void {
    this.#paused = paused;
    for (const connection of this.#connections) connection.pause(paused);
  }

  /** Accepts and reads no more; connections close as their frames are acked. */
  stopAccepting(): void {
    if (!this.#accepting) return;
    this.#accepting = false;
    this.#server.close();
    this.#udp?.close();
    for (const connection of this.#connections) connection.finish();
  }

  /** Closes whatever is still open. */
  close(): void {
    this.stopAccepting();
    for (const connection of this.#connections) connection.destroy();
  }

  #make(): Server {
    const { tls } = this.#config;
    if (!tls)
      return createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (s) =>
        this.#accept(s),
      );
    const server = createTlsServer(
      {
        cert: readFileSync(tls.certPath),
        key: readFileSync(tls.privateKeyPath),
        ...(tls.privateKeyPassphrase === null ? {} : { passphrase: tls.privateKeyPassphrase }),
        ...(tls.caPath === null ? {} : { ca: readFileSync(tls.caPath) }),
        ...(tls.ciphers === null ? {} : { ciphers: tls.ciphers }),
        requestCert: tls.clientCertAuth,
        rejectUnauthorized: tls.clientCertAuth,
        minVersion: tls.minVersion,
        handshakeTimeout: this.#config.handshakeTimeout,
        pauseOnConnect: true,
        allowHalfOpen: true,
      },
      (socket) => this.#accept(socket),
    );
    // Connections that have not said their TLS hello yet count too. (`accepted` sockets that are read into blocks
    // never tell Node's server of their end, so that plain connections are counted in #accept instead.)
    server.maxConnections = this.#config.maxConnections;
    server.on('drop', (from) => this.#tooMany(peerName(from)));
    server.prependListener('connection', (socket: Socket) => this.#isAllowed(socket));
    server.on('tlsClientError', (error, socket) => {
      // A heartbeat opens and closes a connection without a TLS hello: that is no refusal.
      const quiet = (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (!quiet)
        this.#hooks.onReject('handshake_failed', `TLS: ${error.message}`, socket.remoteAddress ?? 'unknown');
      socket.destroy();
    });
    return server;
  }

  #accept(socket: Socket): void {
    if (socket.destroyed) return;
    if (!this.#config.tls) {
      if (!this.#isAllowed(socket)) return;
      if (this.#connections.size >= this.#config.maxConnections) {
        this.#tooMany(peerName(socket));
        shut(socket);
        return;
      }
    }
    const hooks: ConnectionHooks = {
      onFrame: (frame, context) => this.#hooks.onFrame(frame, context),
      onReject: (code, detail, peer) => this.#hooks.onReject(code, detail, peer),
      onClose: (connection) => {
        this.#connections.delete(connection);
        this.#hooks.onConnection(-1);
      },
      random: this.#random,
    };
    const connection = new Connection(this.#nextId++, socket, this.#config, this.#memory, hooks, this.#reads);
    this.#connections.add(connection);
    this.#hooks.onConnection(1);
    if (this.#paused) connection.pause(true);
    if (!this.#accepting) connection.finish();
  }

  /** False: its address is in no network of the allow-list, and it has been closed. */
  #isAllowed(socket: Socket): boolean {
    const { allow, listen } = this.#config;
    const address = socket.remoteAddress ?? '';
    if (listen.kind === 'unix' || allow.length === 0 || inNetworks(allow, address)) return true;
    this.#hooks.onReject('not_allowed', `${address} is in no network of "allow"`, peerName(socket));
    shut(socket);
    return false;
  }

  #tooMany(peer: string): void {
    const { maxConnections } = this.#config;
    this.#hooks.onReject('too_many_connections', `${maxConnections} are open; raise max_connections`, peer);
  }
}

function peerName(from: { remoteAddress?: string; remotePort?: number } | undefined): string {
  return `${from?.remoteAddress ?? 'unknown'}:${from?.remotePort ?? 0}`;
}

function shut(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.destroy();
}

/** Removes a socket file that nobody listens on any more. @throws ListenError when the path is taken. */
export async function freeSocketPath(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket())
    throw new ListenError(`${path} exists and is not a socket; move it away or choose another path`);
  const taken = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (taken) throw new ListenError(`another process listens on ${path}`);
  unlinkSync(path);
}

function listenError(listen: ListenAddress, error: NodeJS.ErrnoException): ListenError {
  const where = listen.kind === 'unix' ? listen.path : `${listen.host}:${listen.port}`;
  const causes: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken by another process',
    EACCES: 'permission denied; ports below 1024 need a privilege',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'the host name is not known',
  };
  const why = causes[error.code ?? ''] ?? error.message;
  return new ListenError(`cannot listen on ${where}: ${why}`, { cause: error });
}
