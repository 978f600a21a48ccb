// The console's files (`console/` of the package), read once, and the policy under which a browser runs them. They hold
// nothing of the stage's: what the console shows it fetches from the API beside it.
import { readFileSync } from 'node:fs';
import { packageRoot } from './packageRoot.js';

export interface ConsoleFile {
  readonly type: string;
  readonly body: string;
}

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

const names = [
  'index.html',
  'console.css',
  'icon.svg',
  'app.js',
  'api.js',
  'dom.js',
  'overview.js',
  'alerts.js',
  'guide.js',
  'rules.js',
  'fields.js',
] as const;

/** No script, style or request but the console's own; no markup made from text (Trusted Types). */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Path to file; `/` is the page. */
export function consoleFiles(): ReadonlyMap<string, ConsoleFile> {
  return new Map(
    names.map((name) => {
      const body = readFileSync(new URL(`console/${name}`, packageRoot), 'utf8');
      const type = types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types];
      return [name === 'index.html' ? '/' : `/${name}`, { type, body }];
    }),
  );
}
