// Fluent Bit as a peer, in its best wiring of the rule: `rewrite_tag` lets through what has the rarest term, a few
// lines of Lua judge the rest of the condition and add the field.
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort, pinned, scratchFolder } from './machine.js';
import { STAGE_CORE, type Stage } from './stages.js';

export function fluentBit(binary: string, withRule: boolean): Stage {
  return {
    name: withRule ? 'Fluent Bit, rewrite_tag and Lua' : 'Fluent Bit, passing on',
    work: withRule ? 'one rule' : 'nothing',
    acksEndToEnd: false,
    slowness: 4,
    async start(sink) {
      const port = await freePort();
      const folder = scratchFolder();
      const lua = join(folder, 'rule.lua');
      const config = join(folder, 'fluent-bit.yaml');
      writeFileSync(lua, rule);
      writeFileSync(config, fluentBitConfig(port, sink, withRule ? filters(lua) : ''));
      const child = pinned(STAGE_CORE, binary, ['-q', '-c', config]);
      child.stdout?.resume();
      child.stderr?.resume();
      await listening(port);
      return { child, port, alerts: null };
    },
  };
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Fluent Bit does not listen');
}

function fluentBitConfig(port: number, sink: number, inner: string): string {
  return `
service:
  flush: 0.2
  grace: 1
pipeline:
  inputs:
    - name: forward
      listen: 127.0.0.1
      port: ${port}
      buffer_chunk_size: 4M
      buffer_max_size: 64M
${inner}
  outputs:
    - name: forward
      match: '*'
      host: 127.0.0.1
      port: ${sink}
      require_ack_response: true
      retain_metadata_in_forward_mode: false
`;
}

const filters = (lua: string): string => `
  filters:
    - name: rewrite_tag
      match: 'bench.*'
      rule: $azure['signinlogs']['properties']['authentication_protocol'] ^deviceCode$ hit.$TAG false
      emitter_mem_buf_limit: 256M
    - name: lua
      match: 'hit.*'
      script: ${lua}
      call: judge
`;

const rule = `
function judge(tag, timestamp, record)
  local e, p = record["event"], record["azure"]["signinlogs"]["properties"]
  if not e or e["dataset"] ~= "azure.signinlogs" or e["outcome"] ~= "success" then return 0, timestamp, record end
  for _, a in ipairs(p["conditional_access_audiences"] or {}) do
    if a["application_id"] == "29d9ed98-a469-4536-ade2-f981bc1d605e" then
      record["detection"] = { rules = { { id = "a83b3dac-325a-11ef-b3e6-f661ea17fbce" } } }
      return 2, timestamp, record
    end
  end
  return 0, timestamp, record
end
`;
