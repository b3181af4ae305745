/**
 * Quantities as people write them: rates, sizes, durations, the reserve. Arithmetic is exact (BigInt). What
 * is not a whole number of the unit is an error, and is never rounded.
 */
import { FairwayError } from "../errors.ts";
import type { Reserve } from "./types.ts";

/**
 * Kubernetes refuses bandwidth annotations outside 1k..1P (validateBandwidthIsReasonable,
 * pkg/util/bandwidth/utils.go); so do we, except that 0 is a guarantee of nothing.
 */
export const minRateBits = 1_000;
export const maxRateBits = 1e15;

/** tc hands sizes and times (in microseconds) to the kernel in 32 bits. */
export const maxSizeBytes = 2 ** 32 - 1;
export const maxDurationUs = 2 ** 32 - 1;

const rateAdvice =
  'Write a Kubernetes quantity in bits per second, for example "400M", "1.5G" or "64k".';
const sizeAdvice = 'Write a Kubernetes quantity in bytes, for example "32k" or "1Mi".';
export const burstAdvice =
  "Leave it out for a burst that is derived from the rates, or give a size in bytes or a time.";
const durationAdvice = 'Write a number with "us", "ms" or "s", for example "500us" or "1.5ms".';

export interface Unit {
  /** Such as "a rate", for «is not a rate». */
  noun: string;
  /** Such as "bits per second", for «is not a whole number of bits per second». */
  plural: string;
  max: number;
  maxText: string;
  advice: string;
}

export const rate: Unit = {
  noun: "a rate",
  plural: "bits per second",
  max: maxRateBits,
  maxText: "1P (1 Pbit/s)",
  advice: rateAdvice,
};
export const size: Unit = {
  noun: "a size",
  plural: "bytes",
  max: maxSizeBytes,
  maxText: `${maxSizeBytes} bytes`,
  advice: sizeAdvice,
};
export const duration: Unit = {
  noun: "a duration",
  plural: "microseconds",
  max: maxDurationUs,
  maxText: `${maxDurationUs} us`,
  advice: durationAdvice,
};

/** A number as it was written: digits x 10^exponent x factor. */
interface Scaled {
  negative: boolean;
  digits: bigint;
  exponent: number;
  factor: bigint;
}

// This is the grammar of resource.Quantity (k8s.io/apimachinery/pkg/api/resource/quantity.go). "1E" is an
// exa, "1E6" an exponent.
const numberPattern = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))/;
export const decimalExponents: Record<string, number> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
export const binaryPowers: Record<string, bigint> = {
  Ki: 10n,
  Mi: 20n,
  Gi: 30n,
  Ti: 40n,
  Pi: 50n,
  Ei: 60n,
};
export const timeExponents: Record<string, number> = { us: 0, ms: 3, s: 6 };

/** This is far more than any quantity needs. It keeps a hostile annotation from costing time. */
export const maxTextLength = 64;
/** A written exponent beyond this is far too large, or far too small, whatever stands before it. */
const maxExponent = 400;

function parseNumber(text: string): { number: Scaled; suffix: string } | null {
  const match = text.length > maxTextLength ? null : numberPattern.exec(text);
  if (match === null) return null;
  const [all, sign, integer = "", fraction, bareFraction] = match;
  const decimals = fraction ?? bareFraction ?? "";
  return {
    number: {
      negative: sign === "-",
      digits: BigInt(integer + decimals),
      exponent: -decimals.length,
      factor: 1n,
    },
    suffix: text.slice(all.length),
  };
}

function scaleQuantity({ number, suffix }: { number: Scaled; suffix: string }): Scaled | null {
  const decimal = Object.hasOwn(decimalExponents, suffix) ? decimalExponents[suffix] : undefined;
  if (decimal !== undefined) return { ...number, exponent: number.exponent + decimal };
  const power = Object.hasOwn(binaryPowers, suffix) ? binaryPowers[suffix] : undefined;
  if (power !== undefined) return { ...number, factor: 2n ** power };
  if (!/^[eE][+-]?\d+$/.test(suffix)) return null;
  const written = Number(suffix.slice(1));
  const exponent = Math.max(-maxExponent, Math.min(maxExponent, written));
  return { ...number, exponent: number.exponent + exponent };
}

function scaleTime({ number, suffix }: { number: Scaled; suffix: string }): Scaled | null {
  const exponent = Object.hasOwn(timeExponents, suffix) ? timeExponents[suffix] : undefined;
  return exponent === undefined ? null : { ...number, exponent: number.exponent + exponent };
}

function refuse(key: string, found: string | number, problem: string, unit: Unit): never {
  throw new FairwayError("badConfig", `${key}: ${JSON.stringify(found)} ${problem}`, unit.advice);
}

/** A JSON number, too, is taken as it is written: JavaScript prints it back in the same grammar. */
function toText(value: string | number): string {
  return typeof value === "number" ? String(value) : value;
}

function whole(value: string | number, key: string, unit: Unit, scaled: Scaled | null): number {
  if (scaled === null) return refuse(key, value, `is not ${unit.noun}`, unit);
  const { negative, digits, exponent, factor } = scaled;
  if (digits === 0n) return 0;
  if (negative) return refuse(key, value, "is negative", unit);
  const numerator = digits * factor * 10n ** BigInt(Math.max(exponent, 0));
  const denominator = 10n ** BigInt(Math.max(-exponent, 0));
  if (numerator > BigInt(unit.max) * denominator) {
    return refuse(key, value, `is more than ${unit.maxText}`, unit);
  }
  if (numerator % denominator !== 0n) {
    return refuse(key, value, `is not a whole number of ${unit.plural}`, unit);
  }
  return Number(numerator / denominator);
}

function parseQuantity(value: string | number, key: string, unit: Unit): number {
  const parsed = parseNumber(toText(value));
  return whole(value, key, unit, parsed === null ? null : scaleQuantity(parsed));
}

/**
 * A Kubernetes resource.Quantity, or a JSON number, as whole bits per second: 0..1e15.
 * Kubernetes rounds a fraction of a bit up; here it is an error.
 * @throws FairwayError badConfig, naming `key`.
 */
export function parseRateBits(value: string | number, key: string): number {
  return parseQuantity(value, key, rate);
}

/** A guarantee: a rate of at least 1k, or 0 for none. */
export function parseGuaranteeBits(value: string | number, key: string): number {
  const bits = parseRateBits(value, key);
  return bits === 0 ? 0 : atLeastMinRate(bits, value, key);
}

/** A limit or a capacity: a rate of at least 1k. Nothing passes under a limit of 0, so it is an error. */
export function parseLimitBits(value: string | number, key: string): number {
  return atLeastMinRate(parseRateBits(value, key), value, key);
}

function atLeastMinRate(bits: number, value: string | number, key: string): number {
  if (bits >= minRateBits) return bits;
  if (bits === 0) return refuse(key, value, "would let nothing pass", rate);
  return refuse(key, value, "is less than 1k (1 kbit/s), the smallest rate", rate);
}

/** A quantity as whole bytes: 0..2^32-1. */
export function parseSizeBytes(value: string | number, key: string): number {
  return parseQuantity(value, key, size);
}

/** A burst: whole bytes, more than 0. */
export function parseBurstBytes(value: string | number, key: string): number {
  const bytes = parseSizeBytes(value, key);
  if (bytes > 0) return bytes;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(value)} would let nothing pass`,
    burstAdvice,
  );
}

/** A burst as a time: a duration above 0. */
export function parseBurstUs(text: string, key: string): number {
  const microseconds = parseDurationUs(text, key);
  if (microseconds > 0) return microseconds;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(text)} would let nothing pass`,
    burstAdvice,
  );
}

/** A number with us, ms or s, as whole microseconds: 0..2^32-1. */
export function parseDurationUs(text: string, key: string): number {
  const parsed = parseNumber(text);
  return whole(text, key, duration, parsed === null ? null : scaleTime(parsed));
}

/** A latency target: a duration above 0. */
export function parseLatencyTargetUs(text: string, key: string): number {
  const microseconds = parseDurationUs(text, key);
  if (microseconds > 0) return microseconds;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(text)} is no latency that a packet can have`,
    durationAdvice,
  );
}

/** "5%" (below 100, up to three decimals) of each direction's capacity, or a rate. */
export function parseReserve(value: string | number, key: string): Reserve {
  const text = toText(value);
  if (!text.endsWith("%")) return { kind: "rate", bits: parseRateBits(value, key) };
  const percent = /^\d{1,3}(?:\.\d{1,3})?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (percent < 100) return { kind: "percent", percent };
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(value)} is not a percentage from 0 to below 100`,
    'Write a percentage with up to three decimals, for example "5%", or a rate, for example "500M".',
  );
}

function trimZeros(decimals: string): string {
  return decimals.replace(/0+$/, "");
}

const rateUnits: [string, bigint][] = [
  ["P", 10n ** 15n],
  ["T", 10n ** 12n],
  ["G", 10n ** 9n],
  ["M", 10n ** 6n],
  ["k", 10n ** 3n],
];

/** Whole bits per second in the largest unit that it fills, exact: 400M, 1.5G, 8k. `parseRateBits` reads it back. */
export function formatRate(bits: number): string {
  const value = BigInt(Math.abs(bits));
  const sign = bits < 0 ? "-" : "";
  const [suffix, unit] = rateUnits.find(([, each]) => value >= each) ?? ["", 1n];
  const fraction = trimZeros(String(value % unit).padStart(String(unit).length - 1, "0"));
  return `${sign}${value / unit}${fraction === "" ? "" : `.${fraction}`}${suffix}`;
}

/** Whole microseconds in the largest unit that needs no fraction: 1ms, 1500us, 2s. */
export function formatDuration(microseconds: number): string {
  if (microseconds > 0 && microseconds % 1_000_000 === 0) return `${microseconds / 1_000_000}s`;
  if (microseconds > 0 && microseconds % 1_000 === 0) return `${microseconds / 1_000}ms`;
  return `${microseconds}us`;
}
