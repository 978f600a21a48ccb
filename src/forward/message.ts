// One Forward message as it was found in the bytes: offsets into its frame, nothing decoded, nothing copied.

/** Fluentd's entry modes. */
type EntryMode = 'message' | 'forward' | 'packed_forward' | 'compressed_packed_forward';

/**
 * A frame: one whole top-level msgpack value of a connection, with the places of its parts.
 * Layouts (Forward protocol v1, "Event Modes"): message `[tag, time, record, option?]`, forward
 * `[tag, [[time, record], …], option?]`, packed `[tag, str|bin, option?]`.
 */
export interface Frame {
  readonly mode: EntryMode;
  readonly buffer: Buffer;
  /** The whole message. */
  readonly start: number;
  readonly end: number;
  /** The tag as a msgpack str, header included, not in `buffer` but shared by all frames of the tag; and its text. */
  readonly tagBytes: Buffer;
  readonly tag: string;
  /**
   * packed modes: the payload's bytes inside the str/bin. forward: the entries inside the array (header excluded).
   * message: time and record, adjacent.
   */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly compressed: 'gzip' | 'zstd' | null;
  readonly option: FrameOption;
}

/** What stands in a frame's option. */
export interface FrameOption {
  /** The map's msgpack value; -1 when there is none (or nil). */
  readonly start: number;
  readonly end: number;
  /** The `chunk` option's msgpack value (any type); -1: no ack was asked for. */
  readonly chunkStart: number;
  readonly chunkEnd: number;
  /** The `compressed` option as it came; null: there is none. */
  readonly compressed: string | null;
  /** `fluent_signal`; 0 (logs) when absent. */
  readonly signal: number;
  /** There is a `metadata`, a map. */
  readonly hasMetadata: boolean;
  /** There are others beside `chunk`. */
  readonly hasMore: boolean;
}

/** Who sent a frame, and the two ways to answer it. Exactly one of `ack` and `refuse` is called for each frame. */
export interface FrameContext {
  /** `127.0.0.1:50312`, for logs. */
  readonly peer: string;
  readonly connectionId: number;
  /** Reads no more from it (what was read before still comes), or goes on. */
  hold(held: boolean): void;
  /** The frame's bytes are not read any more, though it is not answered yet: lets their memory go. */
  free(): void;
  /** The chunk is safe: writes the ack if one was asked for, and lets the frame's memory go. */
  ack(): void;
  /** The chunk cannot be taken: the connection is closed without an ack (silence would hang Fluent Bit and Docker). */
  refuse(code: RejectCode, detail: string): void;
}

/** Why bytes were refused: the `reason` label of fluent_detect_rejected_total. */
export const rejectCodes = [
  'not_msgpack',
  'bad_message',
  'bad_tag',
  'bad_time',
  'bad_entries',
  'bad_option',
  'bad_json',
  'frame_too_large',
  'too_deep',
  'too_many_entries',
  'inflate_failed',
  'inflated_too_large',
  'handshake_failed',
  'handshake_timeout',
  'not_allowed',
  'too_many_connections',
  'idle_timeout',
  'stalled',
  'downstream_refused',
] as const;
export type RejectCode = (typeof rejectCodes)[number];
