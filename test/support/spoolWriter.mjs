// Writes to a spool queue or a segment log until it is killed, and says on stdout what the disk has confirmed.
// argv: `spool` or `log`, the folder, the first number.
import { encode } from '../../dist/src/msgpack/encode.js';
import { SegmentLog } from '../../dist/src/sinks/segmentLog.js';
import { Spool } from '../../dist/src/sinks/spool.js';

const [kind, path, first] = process.argv.slice(2);
const size = (n) => 50 + ((n * 7919) % 20_000);

const alertOf = (n) => ({
  id: String(n),
  ruleId: 'r',
  ruleName: 'Rule',
  severity: 'medium',
  riskScore: 47,
  tag: 'alert',
  time: encode(1),
  record: encode({ n, fill: 'x'.repeat(size(n)) }),
});

async function writer() {
  if (kind === 'spool') {
    const queue = await (await Spool.open(path, Date.now())).queue('sink');
    return (n) => queue.append([alertOf(n)], 1);
  }
  const log = await SegmentLog.open({
    path,
    segmentBytes: 200_000,
    from: 0,
    onDamaged: () => process.exit(3),
  });
  return (n) => log.append([[Buffer.from(String(n).padStart(10)), Buffer.alloc(size(n), 0x78)]]);
}

const write = await writer();
for (let n = Number(first); ; n += 1) {
  await write(n);
  process.stdout.write(`${n}\n`);
}
