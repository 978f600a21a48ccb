// The live line: what a terminal shows after any mix of log lines and redraws.
import { describe, expect, it } from 'vitest';
import { StatusLine } from '../../../src/cli/statusLine.js';

const CLEAR = '\r\u001b[J';

/** A terminal as far as the line uses one: text, newline, carriage return, "clear from here on". */
class Screen {
  readonly columns = 20;
  readonly lines: string[] = [''];
  write(text: string): void {
    for (const [i, piece] of text.split(CLEAR).entries()) {
      if (i > 0) this.lines[this.lines.length - 1] = '';
      const [first, ...more] = piece.split('\n');
      this.lines[this.lines.length - 1] += first;
      this.lines.push(...more);
    }
  }
}

describe('the status line', () => {
  it('stands below every log line and in the middle of none', () => {
    const screen = new Screen();
    const line = new StatusLine(screen);
    line.write('before\n');
    line.start(() => 'in 5/s');
    line.write('one\n');
    line.draw();
    line.write('two\nthree\n');
    expect(screen.lines).toEqual(['before', 'one', 'two', 'three', 'in 5/s']);
    line.end();
    line.write('after\n');
    expect(screen.lines).toEqual(['before', 'one', 'two', 'three', 'after', '']);
  });

  it('waits for the end of a line that comes in pieces', () => {
    const screen = new Screen();
    const line = new StatusLine(screen);
    line.start(() => 'status');
    line.stream.write('half ');
    line.draw();
    line.stream.write('a line\n');
    expect(screen.lines).toEqual(['half a line', 'status']);
    line.end();
  });

  it('is never wider than the terminal, so that all of it can be taken away', () => {
    const screen = new Screen();
    const line = new StatusLine(screen);
    line.start(() => 'x'.repeat(100));
    expect(screen.lines).toEqual(['x'.repeat(17)]);
    line.end();
    expect(screen.lines).toEqual(['']);
  });
});
