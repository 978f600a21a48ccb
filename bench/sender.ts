// The benchmark's sender, a process of its own: prints what it saw as one JSON line. argv: a JSON object `SenderTask`.
import { type SenderTask, sendAll } from './sending.js';

process.stdout.write(`${JSON.stringify(await sendAll(JSON.parse(process.argv[2]!) as SenderTask))}\n`);
