/** What a row was answered, so that the same row can be compared by two ways. Pure. */

interface Answered {
  exit: number | null;
  stdout: string;
  stderr: string;
}

/**
 * What is another with each run: names and numbers that the suite gives out as rows come, what is made at
 * random, and of a log line the time and the process.
 */
const different: [RegExp, string][] = [
  [/fairway-conformance-\w+/g, "FOLDER"],
  [/fake-\w{6}\b/g, "FAKE"],
  [/\bfwc-[\w.]+-\w+/g, "NAMESPACE"],
  [/\b198\.19\.\d+\./g, "198.19.N."],
  [/\b(net|ipam|p)\d+\b/g, "$1N"],
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "MAC"],
  // Which steps there are depends on what other rows have left to do.
  [/^\{.*"msg":"step"\}\n/gm, ""],
  [/\bfe80::[0-9a-f:]+/g, "LINK-LOCAL"],
  [/\b0x[0-9a-f]{12,32}\b/g, "MAC"],
  [/\bfwv[0-9a-f]+\b/g, "VETH"],
  [/\bfa0[12]:[0-9a-f]+\b/g, "CLASS"],
  [/,"fellBack":"[a-z-]+"/g, ""],
  [/"(time|pid|durationMs|class)":(?:"[^"]*"|[\d.]+)/g, '"$1":0'],
];

export function answerText(command: string, { exit, stdout, stderr }: Answered): string {
  const text = `${command}: ${exit} ${stdout}${stderr}`;
  return different.reduce((so, [pattern, instead]) => so.replace(pattern, instead), text);
}

/** Steps of a row may be beside each other. */
export const sameAnswers = (one: readonly string[], other: readonly string[]): boolean =>
  Bun.deepEquals([...one].sort(), [...other].sort());
