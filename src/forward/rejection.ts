// A refusal of bytes, with its code for the metric and its cause and cure for the log.
import type { RejectCode } from './message.js';

export class Rejection extends Error {
  readonly code: RejectCode;
  constructor(code: RejectCode, message: string) {
    super(message);
    this.name = 'Rejection';
    this.code = code;
  }
}
