/** The samples of a soak as lines over time, in one SVG. */
import type { Sample } from "./sample.ts";

interface Line {
  name: string;
  colour: string;
  of(sample: Sample): number;
}

interface Panel {
  title: string;
  lines: Line[];
}

const blue = "#1f6feb";
const orange = "#d2691e";
const green = "#2e8b57";
const grey = "#6e7781";
const mebi = 1024 * 1024;

const panels: Panel[] = [
  {
    title: "Attachments in the ledger, and what the kernel has of them",
    lines: [
      { name: "devices", colour: grey, of: ({ devices }) => devices },
      { name: "classes", colour: orange, of: ({ classes }) => classes },
      { name: "elements", colour: green, of: ({ elements }) => elements },
      { name: "rows", colour: blue, of: ({ rows }) => rows },
    ],
  },
  {
    title: "Ledger with its log, KiB",
    lines: [{ name: "ledger", colour: blue, of: ({ ledgerBytes }) => ledgerBytes / 1024 }],
  },
  {
    title: "Open files of the whole machine",
    lines: [{ name: "open files", colour: blue, of: ({ openFiles }) => openFiles }],
  },
  {
    title: "Memory of the kernel that it cannot give back (SUnreclaim), MiB",
    lines: [{ name: "SUnreclaim", colour: blue, of: ({ slabBytes }) => slabBytes / mebi }],
  },
  {
    title: "Promises judged at each look of `fairway status`, and those that it found below",
    lines: [
      { name: "judged", colour: blue, of: ({ judged }) => judged },
      { name: "below", colour: orange, of: ({ below }) => below },
    ],
  },
];

const width = 860;
const height = 130;
const left = 70;
const right = 110;
const gap = 50;

const rounded = (value: number): string => String(Math.round(value * 10) / 10);

function panelOf({ title, lines }: Panel, samples: readonly Sample[], top: number): string {
  const endSeconds = samples.at(-1)?.seconds ?? 1;
  // From 0, so that flat looks flat.
  const most = Math.max(1, ...lines.flatMap(({ of }) => samples.map(of))) * 1.1;
  const x = (seconds: number): number => left + (seconds / endSeconds) * (width - left - right);
  const y = (value: number): number => top + height - (value / most) * height;
  const label = (atX: number, atY: number, text: string, more = ""): string =>
    `<text x="${rounded(atX)}" y="${rounded(atY)}" ${more}>${text}</text>`;
  const axis = [
    `<path d="M${left} ${top}V${top + height}H${width - right}" fill="none" stroke="${grey}"/>`,
    ...[0, most / 2, most].map((v) => label(left - 6, y(v) + 4, rounded(v), 'text-anchor="end"')),
    ...[0, 0.5, 1].map((share) =>
      label(
        x(share * endSeconds),
        top + height + 15,
        `${rounded((share * endSeconds) / 60)} min`,
        'text-anchor="middle"',
      ),
    ),
  ];
  const drawn = lines.flatMap(({ name, colour, of }, index) => [
    `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${samples
      .map((sample) => `${rounded(x(sample.seconds))},${rounded(y(of(sample)))}`)
      .join(" ")}"/>`,
    label(width - right + 8, top + 12 + 15 * index, name, `fill="${colour}"`),
  ]);
  return [label(left, top - 8, title, 'font-weight="bold"'), ...axis, ...drawn].join("\n");
}

export function plot(samples: readonly Sample[]): string {
  const total = gap + panels.length * (height + gap);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" font-family="sans-serif" font-size="12">
<title>A soak: what was there over its minutes</title>
<rect width="100%" height="100%" fill="white"/>
${panels.map((panel, index) => panelOf(panel, samples, gap + index * (height + gap))).join("\n")}
</svg>
`;
}
