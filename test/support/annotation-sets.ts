/** Random annotations for fast-check: most of them nearly right, since that is where two readers may differ. */
import fc from "fast-check";
import {
  annotationKeys,
  fairwayKeys,
  kubernetesKeys,
  priorities,
  priorityKey,
} from "../../src/config/annotations.ts";
import {
  binaryPowers,
  decimalExponents,
  maxRateBits,
  maxTextLength,
  timeExponents,
} from "../../src/config/quantities.ts";

const any = fc.constantFrom;
const digit = any(..."0123456789");
const digits = (most: number) => fc.string({ unit: digit, maxLength: most });

/** All binary fractions have as many decimals as the power says, so such texts are the longest that are whole. */
const dyadic = fc
  .tuple(any(...Object.entries(binaryPowers)), fc.bigInt(0n, 2n ** 42n), fc.bigInt(-1n, 1n))
  .map(([[suffix, power], units, off]) => {
    const tens = 10n ** power;
    const scaled = (units * tens) / 2n ** power + off;
    if (scaled < 0n) return `0${suffix}`;
    const decimals = String(scaled % tens).padStart(Number(power), "0");
    return `${scaled / tens}.${decimals.replace(/0+$/, "")}${suffix}`;
  });

const edges = [0, 1, 999, 1_000, 1_001, 2 ** 32 - 1, 2 ** 32, maxRateBits, maxRateBits + 1];
const edge = fc
  .tuple(any(...edges), any("", "0", "000", "0000"), any("", ".", ".0", ".5"))
  .map(([value, zeros, more]) => `${zeros}${value}${more}`);

const suffixOf = (names: readonly string[]) =>
  fc.oneof(
    { weight: 8, arbitrary: any(...names) },
    {
      weight: 2,
      arbitrary: fc.tuple(any("e", "E", "e+", "E-", "e-"), digits(4)).map((p) => p.join("")),
    },
    {
      weight: 1,
      arbitrary: any("K", "g", "B", "bps", "mi", "Mb", " M", "M ", "µs", "S", "m", "min"),
    },
  );

const numberOf = (names: readonly string[]) =>
  fc
    .tuple(
      any("", "", "", "", "", "+", "-", " "),
      fc
        .oneof(
          { weight: 5, arbitrary: fc.tuple(digits(4), any("", "", ".", ".."), digits(4)) },
          { weight: 1, arbitrary: fc.tuple(digits(20), any("", "."), digits(30)) },
        )
        .map((parts) => parts.join("")),
      suffixOf(names),
    )
    .map((parts) => parts.join(""));

/** Around the longest text that is read. */
const long = fc
  .tuple(fc.integer({ min: maxTextLength - 6, max: maxTextLength + 4 }), any("", "M", "Ei", "us"))
  .map(([length, suffix]) => `1${suffix}`.padStart(length, "0"));

const quantitySuffixes = [...Object.keys(decimalExponents), ...Object.keys(binaryPowers)];
const timeSuffixes = Object.keys(timeExponents);
const scrawl = fc.string({ unit: any(..."0123456789.+-eEkMGTPinumKis _"), maxLength: 10 });

const nearlyRate = fc.oneof(numberOf(quantitySuffixes), dyadic, edge, long, scrawl);
const nearlyTime = fc.oneof(
  numberOf(timeSuffixes),
  fc.tuple(edge, any(...timeSuffixes)).map((parts) => parts.join("")),
  long,
  scrawl,
);

/** Few, so that they meet. */
const rate = any(
  "1k",
  "1000",
  "8k",
  "1M",
  "1000k",
  "1.5M",
  "0.5Mi",
  "2M",
  "200M",
  "1G",
  "1e9",
  "1P",
);
const guarantee = fc.oneof(
  { weight: 5, arbitrary: rate },
  { weight: 1, arbitrary: any("0", "0k") },
);
const size = any("1", "1500", "64Ki", "1Mi", "40k", "300k", "4Gi", "4294967295", "34359737");
const time = any("1us", "500us", "4ms", "1s", "274s", "275s", "4294967295us", "0.001ms");

const address = fc.oneof(
  any(
    "10.1.2.3",
    "10.01.2.3",
    "10.1.2",
    "10.1.2.300",
    "::1",
    "fd00::1",
    "fd00::1::2",
    "::ffff:10.1.2.3",
  ),
  any(
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1::3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
  ),
  any("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5::1.2.3.4", "::1.2.3.4", "1:2:3:4::6:1.2.3.4", "fd00::/64"),
  fc
    .array(any("0", "1", "fd00", "12345", "g", "", ""), { minLength: 2, maxLength: 9 })
    .map((g) => g.join(":")),
  fc.string({ unit: any(..."0123456789abcdef.:"), maxLength: 12 }),
  fc.ipV4(),
  fc.ipV6(),
);
const addresses = fc
  .array(
    fc.tuple(any("", "", " ", "\t", "\u{feff}"), address, any("", "", "\n")).map((p) => p.join("")),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((parts) => parts.join(","));

const nameLetters = any(..."abz019AZ._-");
const tier = fc.oneof(
  { weight: 4, arbitrary: any("high", "best-effort", "a.b_c", "X") },
  { weight: 1, arbitrary: fc.string({ unit: nameLetters, maxLength: 66 }) },
  { weight: 1, arbitrary: any("", " high", "high\n", "-a", "hïgh") },
);
const pool = fc.oneof(
  any("default", "db", "a-b", "A", "a-", ""),
  fc.string({ unit: nameLetters, maxLength: 5 }),
);

const mostly = (right: fc.Arbitrary<string>, nearly: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 3, arbitrary: right }, { weight: 1, arbitrary: nearly });

const values: Record<string, fc.Arbitrary<string>> = {
  [annotationKeys.tier]: tier,
  [annotationKeys.guarantee.egress]: mostly(guarantee, nearlyRate),
  [annotationKeys.guarantee.ingress]: mostly(guarantee, nearlyRate),
  [annotationKeys.limit.egress]: mostly(rate, nearlyRate),
  [annotationKeys.limit.ingress]: mostly(rate, nearlyRate),
  [annotationKeys.burst.egress]: mostly(fc.oneof(size, time), fc.oneof(nearlyRate, nearlyTime)),
  [annotationKeys.burst.ingress]: mostly(fc.oneof(size, time), fc.oneof(nearlyRate, nearlyTime)),
  [annotationKeys.latencyTarget]: mostly(time, nearlyTime),
  [annotationKeys.ip]: addresses,
  [annotationKeys.ipPool]: pool,
  [kubernetesKeys.egress]: mostly(rate, nearlyRate),
  [kubernetesKeys.ingress]: mostly(rate, nearlyRate),
  [priorityKey]: any(...priorities, "burst", ""),
  "example.com/egress-guarantee": any("lots"),
};

const entry = any(...Object.keys(values)).chain((key) =>
  (values[key] ?? any("")).map((value): [string, string] => [key, value]),
);

/** A key with one letter gone, doubled or another. */
export const misspelt: fc.Arbitrary<string> = fc
  .tuple(any(...fairwayKeys), fc.nat(), any("", "x", "-", "E"), fc.boolean())
  .map(([key, at, by, isGone]) => {
    const from = key.indexOf("/") + 1;
    const place = from + (at % (key.length - from));
    return `${key.slice(0, place)}${by}${key.slice(place + (isGone ? 1 : 0))}`;
  })
  .filter((key) => /\/[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(key));

const stranger = misspelt.map((key): [string, string] => [key, "1M"]);

/** What a pod may carry. An API server takes each of them for itself. */
export const annotationSets: fc.Arbitrary<Record<string, string>> = fc
  .array(fc.oneof({ weight: 40, arbitrary: entry }, { weight: 1, arbitrary: stranger }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((entries) => Object.fromEntries(entries));
