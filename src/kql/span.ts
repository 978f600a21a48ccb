// A stretch of query text, for errors and for explaining: UTF-16 offsets, end exclusive.
export interface Span {
  readonly start: number;
  readonly end: number;
}
