// Fluentd as a peer: from Forward to Forward with acks, passing on, or with the rule as its users would write it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, line, pinned, scratchFolder } from './machine.js';
import { STAGE_CORE, type Stage } from './stages.js';

export function fluentd(withRule: boolean): Stage {
  return {
    name: withRule ? 'Fluentd, record_transformer' : 'Fluentd, passing on',
    work: withRule ? 'one rule' : 'nothing',
    acksEndToEnd: false,
    slowness: 10,
    async start(sink) {
      const port = await freePort();
      const config = join(scratchFolder(), 'fluentd.conf');
      writeFileSync(config, fluentdConfig(port, sink, withRule ? transformer : ''));
      const child = pinned(STAGE_CORE, 'fluentd', ['-c', config, '--no-supervisor', '--log-event-verbose']);
      await line(child, 'stdout', (l) => l.includes('fluentd worker is now running'));
      return { child, port, alerts: null };
    },
  };
}

function fluentdConfig(port: number, sink: number, filter: string): string {
  return `
<source>
  @type forward
  bind 127.0.0.1
  port ${port}
</source>
${filter}
<match bench.**>
  @type forward
  require_ack_response true
  keepalive true
  heartbeat_type none
  <server>
    host 127.0.0.1
    port ${sink}
  </server>
  <buffer tag>
    @type memory
    chunk_limit_size 1m
    total_limit_size 2g
    flush_mode immediate
    flush_thread_interval 0.01
    flush_thread_burst_interval 0.01
    overflow_action block
  </buffer>
</match>
`;
}

/** The rule as a Fluentd user would write it without us: a Ruby condition in a record_transformer. */
const transformer = `
<filter bench.**>
  @type record_transformer
  enable_ruby true
  auto_typecast true
  <record>
    detection \${p = record.dig("azure","signinlogs","properties") || {}; (record.dig("event","dataset") == "azure.signinlogs" && record.dig("event","outcome") == "success" && p["authentication_protocol"] == "deviceCode" && (p["conditional_access_audiences"] || []).any? { |a| a["application_id"] == "29d9ed98-a469-4536-ade2-f981bc1d605e" }) ? {"rules" => [{"id" => "a83b3dac-325a-11ef-b3e6-f661ea17fbce"}]} : nil}
  </record>
</filter>
`;
