// Every code that a log line can have, once: how loud it is, what happened, what was done about it and what is left to
// do. `docs/logs.md` is made from this table. A line never says a thing that has no code here.
import type { Logger } from './log.js';

export interface LogCodeEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly happened: string;
  /** What the program did about it by itself. */
  readonly done: string;
  /** What somebody has to do; '' when nothing. It stands in the line as `hint`. */
  readonly todo: string;
}

const entry = (level: LogCodeEntry['level'], happened: string, done: string, todo = ''): LogCodeEntry => ({
  level,
  happened,
  done,
  todo,
});

/** What a sender did wrong: its connection was closed, nothing of the message was acked, others go on. */
const refused = (happened: string, todo: string): LogCodeEntry =>
  entry('warn', happened, 'closed that connection, acked nothing of the message', todo);

export const logCodes = {
  // The program's life.
  ready: entry('info', 'The stage takes events.', 'says where it listens and where events go'),
  stopping: entry('info', 'A signal asks the stage to end.', 'finishes what was accepted'),
  stopped: entry('info', 'The stage has ended.', 'says how many events went in and out'),
  start_failed: entry(
    'error',
    'The stage could not start.',
    'ended with status 2',
    'free the port or the spool that is named, or mend the path',
  ),
  chunks_unconfirmed: entry(
    'warn',
    'Chunks were not confirmed within shutdown_timeout.',
    'did not ack them: their senders will send them again',
    'see why the output does not confirm; raise shutdown_timeout',
  ),
  chunk_unconfirmed: entry(
    'warn',
    'One of the chunks that were not confirmed in time: from whom, which tag, how many events.',
    'did not ack it',
  ),
  events_lost: entry(
    'error',
    'Chunks were not confirmed in time whose senders asked for no ack.',
    'ended with status 1: nobody sends them again',
    'let senders ask for acks (require_ack_response); raise shutdown_timeout',
  ),
  alerts_spooled: entry('info', 'Alerts wait in the spool at the end.', 'the next start delivers them'),
  worker_died: entry(
    'error',
    'A worker process died; its connections are closed, and what it had not acked comes again.',
    'starts another one',
    'see what killed it: the memory limit of the container is the usual cause',
  ),
  worker_not_started: entry(
    'error',
    'A worker that died could not be started again.',
    'goes on with the other workers',
    'mend what the line names, and restart the stage',
  ),
  workers_differ: entry(
    'warn',
    'A worker read other rules than the primary, because files changed meanwhile.',
    'each goes on with what it read',
    'load the rules again (SIGHUP)',
  ),
  alerts_lost: entry(
    'error',
    'Alerts could neither be delivered nor put into the spool before the end.',
    'ended with status 1',
    'see the disk of alerts_spool.path and the sinks that are named',
  ),
  end_of_input: entry('info', "The filter's stdin has ended.", 'wrote all that was read, and ended'),

  // Rules.
  no_rules: entry(
    'warn',
    'No rule is in force.',
    'passes events on untagged',
    'say --rules PATH or rules.paths',
  ),
  rules_left_out: entry(
    'warn',
    'Some rules are of a type or language that does not run here.',
    'left them out, with the number of each reason',
    '`fluent-detect rules check` names them',
  ),
  rule_unsupported: entry('info', 'One rule is of a type or language that does not run here.', 'left it out'),
  rule_warning: entry('debug', 'A rule loads, and something in it looks wrong.', 'uses it as it is'),
  rules_not_loaded: entry(
    'error',
    'The rules do not load.',
    'at start: ended with status 2; at a reload: left the old set in force',
    'mend what is named with its place (`fluent-detect rules check PATH`), then send SIGHUP',
  ),
  rules_reloaded: entry('info', 'Another rule set is in force.', 'swapped it whole, between two messages'),
  rule_quarantined: entry(
    'error',
    'A rule threw, or took too long for an event again and again.',
    'leaves it out until rules are loaded again; events go on',
    'look at the query; report it with the event; SIGHUP takes the rule in again',
  ),
  cap_reached: entry(
    'warn',
    'A rule has given max_signals alerts in one interval.',
    'goes on tagging, holds further alerts of the interval back, tells the alert stream',
    'see whether it is an attack or noise: add an exception, or raise max_signals',
  ),
  cap_interval_over: entry(
    'info',
    "A capped rule's interval is over.",
    'says how many alerts were held back',
  ),
  alerts_suppressed: entry('info', "A suppression group's time is over.", 'says how many alerts it took in'),

  // Events and chunks.
  invalid_event: entry(
    'warn',
    'One entry of a chunk could not be an event.',
    'took it out; its neighbours go on',
    'mend the sender: an entry is [time, record], and a record is a map',
  ),
  unread_compression: entry(
    'warn',
    'A zstd chunk came, and this Node.js cannot inflate zstd.',
    'passes it on; no rule sees its events',
    'run Node.js 22.15 or later, or let the sender use gzip',
  ),
  large_chunk: entry(
    'warn',
    'A chunk is over chunk_size_warn_limit.',
    'takes it',
    "lower the sender's chunk size",
  ),
  memory_limit_reached: entry(
    'warn',
    'memory_limit bytes are held and not yet confirmed.',
    'stopped reading: the senders keep what comes',
    'see why the output is slow or away (/readyz); raise memory_limit',
  ),
  reading_resumed: entry('info', 'The output confirms again.', 'reads on'),
  chunk_not_confirmed: entry(
    'warn',
    'A chunk could not be handed to the output or its alerts could not be kept.',
    'did not ack it: its sender will send it again',
    'see the cause; the output or the spool is named in the lines before',
  ),
  record_lost: entry(
    'error',
    'A record on stdin could not be read.',
    'reads on after it; ends with status 1',
    'mend what writes to the filter',
  ),
  incomplete_line: entry(
    'warn',
    'A line that Docker cut ended, and parts of it are not here (join_partial).',
    'judged the end by itself; every part goes on',
    'keep the parts of a container on one stage; raise join_partial_limit or join_partial_timeout',
  ),
  record_unjudged: entry(
    'warn',
    'A record on stdin is sound, but no rule can look at it (nested too deep).',
    'passes it on as it is',
  ),
  invalid_utf8: entry(
    'warn',
    'A JSON record on stdin has bytes that are not UTF-8.',
    "passes it on with U+FFFD for them: Fluentd's own JSON reader dies of such bytes",
    'use --format msgpack, which keeps them',
  ),
  input_cut_off: entry(
    'error',
    'The filter was asked to end, and input still came eight seconds later.',
    'ended with status 1; what was not read by then is lost',
    'close stdin when the child is asked to end, as Fluentd does',
  ),
  stdout_gone: entry(
    'error',
    "Nobody takes the filter's standard output any more.",
    'ended with status 1; the records that were under way are lost',
    'see why Fluentd ended; where loss matters use `fluent-detect run`',
  ),
  shared_state_up: entry('info', 'The Redis of alerts.state answers.', 'shares look-back and caps over it'),
  shared_state_away: entry(
    'warn',
    'The Redis of alerts.state is away.',
    "decides by what this stage knows, and tries it again: repeats and caps are each stage's own meanwhile",
    'see that server; alerts may come more than once until it is back, with the same id',
  ),
  decided_alone: entry(
    'debug',
    'Redis did not answer in time for one alert.',
    'decided by what this stage knows',
  ),
  state_not_saved: entry(
    'error',
    'Look-back, caps and what stateful rules know could not be saved.',
    'goes on; a restart would forget them',
    'see the disk of alerts_spool.path',
  ),

  // Where events and alerts go.
  output_connected: entry('info', 'An output server takes chunks.', 'sends to it'),
  output_away: entry(
    'warn',
    'An output server is away, refuses, or does not ack.',
    'sends to the others, tries it again; reading stops when memory_limit is held',
    'see that server and the network to it',
  ),
  buffer_waiting: entry(
    'warn',
    'The disk buffer is full, or the disk refuses.',
    'stopped reading when memory_limit is held: the senders keep what comes',
    'see the output; see the disk of output.buffer_path; raise output.buffer_total_limit_size',
  ),
  buffer_recovered: entry('info', 'The disk buffer takes chunks again.', 'reads on'),
  buffer_lost: entry(
    'error',
    'Chunks of the disk buffer are damaged, or the output can never take them.',
    'kept them in the file that is named, and goes on with the next ones',
    'see the disk; `fluent-detect replay --format forward` reads the file of refused ones',
  ),
  buffer_kept: entry('info', 'Chunks wait in the disk buffer at the end.', 'the next start delivers them'),
  buffer_left_over: entry(
    'warn',
    'Chunks of an earlier run wait in a disk buffer that is not used now.',
    'leaves them there',
    'start with output.buffer: disk to deliver them',
  ),
  sink_connected: entry('info', 'A Forward alert sink takes alerts.', 'sends to it'),
  sink_away: entry(
    'warn',
    'A Forward alert sink is away.',
    'spools its alerts, tries again',
    'see that server',
  ),
  sink_failing: entry(
    'warn',
    'An alert sink refuses alerts, is slow, or its spool is full or cannot be written.',
    'keeps alerts in order on disk and tries again; what it refuses for good goes to dead-letters.log',
    'see the sink that is named, and the room under alerts_spool.max_bytes',
  ),
  alert_set_aside: entry(
    'error',
    'A sink refuses an alert for good, or it is over max_age or damaged.',
    'wrote it to dead-letters.log in the spool, with the reason; others go on',
    'see the reason; send what is in the file again when the sink takes it',
  ),
  spool_damaged: entry(
    'error',
    'The files of the spool are damaged.',
    'kept a copy as it was found, repaired it, and goes on with what could be read',
    'see the disk; compare the copy that is named; remove it when it is of no use',
  ),
  spool_left_over: entry(
    'warn',
    'A spool beside this stage’s own holds alerts, and no stage that runs reads it.',
    'leaves it as it is: its alerts are for a sink that is not configured here, do not fit under max_bytes, or it cannot be read',
    'start a stage that has that sink in this folder, or move the spool away',
  ),
  spool_taken_over: entry(
    'info',
    'A stage that does not run any more has left alerts in a spool of its own beside this one’s.',
    'took them into its own spool, and delivers them',
  ),
  spool_unclaimed: entry(
    'warn',
    'Alerts wait in the spool for a sink that the config no longer has.',
    'keeps them',
    'configure that sink again, or empty the spool',
  ),
  state_not_read: entry(
    'error',
    'Look-back, caps or what stateful rules know cannot be read from the spool.',
    'begins without it',
    'nothing, if it happens once; else see the disk of alerts_spool.path',
  ),
  sink_recovered: entry('info', 'An alert sink takes alerts again.', 'sends what waited, in order'),

  // What senders did wrong; also the `reason` of fluent_detect_rejected_total.
  not_msgpack: refused(
    'The bytes are not msgpack or JSON.',
    'point only Forward senders at this port; with TLS on one side, turn it on at the other',
  ),
  bad_message: refused(
    'The message has none of the Forward entry modes.',
    'see what the sender sends; it may be another protocol',
  ),
  bad_tag: refused('The tag is no text.', 'mend the sender'),
  bad_time: refused("An event's time is no integer, no float and no EventTime.", 'mend the sender'),
  bad_entries: refused('The entries of a chunk are not [time, record] pairs.', 'mend the sender'),
  bad_option: refused("The message's option is no map.", 'mend the sender'),
  bad_json: refused('A message in JSON is broken.', 'mend the sender'),
  frame_too_large: refused(
    'A message is over chunk_size_limit.',
    "raise chunk_size_limit or lower the sender's chunk size",
  ),
  too_deep: refused(
    'Maps and arrays are nested deeper than max_depth.',
    'raise max_depth if such records are meant',
  ),
  too_many_entries: refused(
    'A message has more entries than max_entries.',
    'raise max_entries if such messages are meant, or lower the chunk size of the sender',
  ),
  inflate_failed: refused('A compressed chunk does not inflate.', 'see the sender; the payload is damaged'),
  inflated_too_large: refused(
    'A compressed chunk inflates to more than decompression_size_limit.',
    'raise decompression_size_limit if such chunks are meant',
  ),
  handshake_failed: refused(
    'The shared key, the user or the certificate does not fit.',
    'compare shared_key, users and certificates on both sides',
  ),
  handshake_timeout: refused(
    'The handshake did not end within handshake_timeout.',
    'see whether the sender has <security> set',
  ),
  not_allowed: refused('The address may not connect.', 'add its network to allow or security.clients'),
  too_many_connections: refused(
    'max_connections are open.',
    'raise max_connections, or let senders keep connections alive',
  ),
  idle_timeout: refused('Nothing came for idle_timeout.', ''),
  stalled: refused(
    'A large message stood still, or grew, while others waited for its memory.',
    "raise memory_limit, or lower the sender's chunk size",
  ),
  downstream_refused: refused(
    'The output cannot take the chunk.',
    'see the detail; the sender keeps the chunk',
  ),
} as const satisfies Readonly<Record<string, LogCodeEntry>>;

export type LogCode = keyof typeof logCodes;

/** One line of the log: the code decides its level, and what to do goes with it. */
export function say(
  log: Logger,
  code: LogCode,
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  const { level, todo } = logCodes[code];
  log[level]({ code, ...fields, ...(todo === '' ? {} : { hint: todo }) }, message);
}
