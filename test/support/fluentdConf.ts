// Configurations of Fluentd for tests: one that takes events, one that passes them on and wants acks.

/** Where events come in, and nothing of its own log goes on. */
export const sourceConf = (port: number): string => `<system>
  log_level warn
</system>
<source>
  @type forward
  bind 127.0.0.1
  port ${port}
</source>
<label @FLUENT_LOG>
  <match **>
    @type null
  </match>
</label>
`;

export interface SendingConf {
  readonly port: number;
  readonly to: number;
  /** Folder of its file buffer. */
  readonly buffer: string;
  /** Fluentd's own spelling: `10s`. */
  readonly ackTimeout: string;
}

export const sendingConf = ({ port, to, buffer, ackTimeout }: SendingConf): string =>
  `${sourceConf(port)}<match **>
  @type forward
  require_ack_response true
  ack_response_timeout ${ackTimeout}
  heartbeat_type none
  <server>
    host 127.0.0.1
    port ${to}
  </server>
  <buffer tag>
    @type file
    path ${buffer}
    flush_mode interval
    flush_interval 0.3s
    retry_wait 0.5s
    retry_max_interval 1s
    retry_forever true
  </buffer>
</match>
`;
