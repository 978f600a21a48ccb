// Fluentd's match patterns over tags (Fluentd's docs, "How match patterns work"): `*` is one part, `**` zero or more,
// `{a,b}` either; several patterns stand side by side with blanks between them.

/** Whether a tag fits. @throws TypeError for a brace that is never closed. */
export function tagPattern(pattern: string): (tag: string) => boolean {
  const tests = pattern.trim().split(/\s+/).map(one);
  return (tag) => tests.some((test) => test.test(tag));
}

function one(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; ) {
    if (pattern.startsWith('.**', i) && (i + 3 === pattern.length || pattern[i + 3] === '.')) {
      source += '(?:\\..+)?';
      i += 3;
    } else if (pattern.startsWith('**.', i)) {
      source += '(?:.+\\.)?';
      i += 3;
    } else if (pattern.startsWith('**', i)) {
      source += '.*';
      i += 2;
    } else if (pattern[i] === '*') {
      source += '[^.]*';
      i += 1;
    } else if (pattern[i] === '{') {
      const close = pattern.indexOf('}', i);
      if (close === -1) throw new TypeError(`${JSON.stringify(pattern)}: this brace is never closed`);
      const words = pattern.slice(i + 1, close).split(',');
      source += `(?:${words.map((w) => one(w).source.slice(1, -1)).join('|')})`;
      i = close + 1;
    } else {
      source += pattern[i]!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      i += 1;
    }
  }
  return new RegExp(`^${source}$`);
}
