// Decimal numbers as text, compared without going through doubles: ids of 20 digits stay apart.

/** Sign, digits without leading or trailing zeros, and the power of ten of the last digit; null: not a number. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const SHAPE = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

function decimal(text: string): Decimal | null {
  const parts = SHAPE.exec(text);
  if (!parts) return null;
  const whole = `${parts[2]}${parts[3] ?? ''}`.replace(/^0+/, '');
  const digits = whole.replace(/0+$/, '');
  if (digits === '') return { negative: false, digits: '', exponent: 0 };
  const exponent = Number(parts[4] ?? 0) - (parts[3]?.length ?? 0) + (whole.length - digits.length);
  return { negative: parts[1] === '-', digits, exponent };
}

/** `47`, `-1.50`: what a query's literal must look like to be compared as a number. */
export function isPlainDecimal(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text);
}

export function isNumeric(text: string): boolean {
  return SHAPE.test(text);
}

/** Negative, 0 or positive; null when either is not a number. */
export function compareNumbers(a: string, b: string): number | null {
  const x = decimal(a);
  const y = decimal(b);
  if (!x || !y) return null;
  if (x.digits === '' && y.digits === '') return 0;
  const signX = x.digits === '' ? 0 : x.negative ? -1 : 1;
  const signY = y.digits === '' ? 0 : y.negative ? -1 : 1;
  if (signX !== signY) return signX - signY;
  return signX * compareMagnitudes(x, y);
}

function compareMagnitudes(x: Decimal, y: Decimal): number {
  const topX = x.digits.length + x.exponent;
  const topY = y.digits.length + y.exponent;
  if (topX !== topY) return topX - topY;
  const width = Math.max(x.digits.length, y.digits.length);
  const a = x.digits.padEnd(width, '0');
  const b = y.digits.padEnd(width, '0');
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The integer part, as Elasticsearch indexes a decimal in an integer field; null: not a number. */
export function truncated(text: string): string | null {
  if (!isNumeric(text)) return null;
  if (/^[+-]?\d+$/.test(text)) return text;
  const plain = /^([+-]?\d+)\.\d*$/.exec(text);
  return plain ? plain[1]! : String(Math.trunc(Number(text)));
}
