/** What pages show of commands and errors on a node, made to happen on one. */
import { expect, test } from "bun:test";
import { blockThat } from "../support/page.ts";
import { podArgs, type ReaderNode, withReaderNode } from "./reader-node.ts";

const guarantee = (rate: string) => ({ "fairway.dev/egress-guarantee": rate });

const added = (node: ReaderNode, containerId: string, name: string, rate?: string): void =>
  void node.add(node.pod(containerId), {
    annotations: rate === undefined ? {} : guarantee(rate),
    args: podArgs(name),
  });

test("docs/commands.md: somebody removes an element, explain tells it and repair puts it back", () =>
  withReaderNode((node) => {
    added(node, "a1", "web-0", "100M");
    node.follows(blockThat("docs/commands.md", "$ nft delete element"));
  }));

test("docs/set.md: a promise and a capacity are changed in place", () =>
  withReaderNode(
    (node) => {
      added(node, "0b2web", "web");
      added(node, "7c1fcart", "cart", "50M");
      node.follows(blockThat("docs/set.md", "# fairway set shop/cart"));
      node.type("fairway set shop/cart --reset");
      node.follows(blockThat("docs/set.md", "# fairway set-capacity"));
    },
    { egressCapacity: "10G", ingressCapacity: "9500M" },
  ));

const holder = "cnitool-fd2101fcc8c489deae76";
const refused = "cnitool-dce2aaa9099a54a4457c";

test("docs/errors.md and README.md: a guarantee that does not fit, and an annotation that is misspelt", () =>
  withReaderNode((node) => {
    node.add(node.pod(holder), { annotations: guarantee("160M") });
    const pod = node.pod(refused);
    const tooMuch = node.verb("ADD", pod, { annotations: guarantee("300M") }).json;
    expect(tooMuch).toEqual(JSON.parse(blockThat("docs/errors.md", "{\n")));

    const misspelt = node.verb("ADD", pod, {
      annotations: { "fairway.dev/egress-garantee": "200M" },
    }).json;
    const shown = blockThat("README.md", "fairway.dev/egress-garantee: unknown annotation");
    const [first = "", ...second] = shown.trimEnd().split("\n");
    for (const [told, { msg, details }] of [
      [first, misspelt],
      [second.join(" "), tooMuch],
    ] as const) {
      expect(told).toEndWith(" ...");
      expect(`${msg}; ${details}`).toStartWith(told.slice(0, -" ...".length));
    }
  }));

/** The kinds of values, by their keys. */
const shapeOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).map(([key, own]) => [key, shapeOf(own)])
    : typeof value;

test("docs/commands.md: the log line of an ADD", () =>
  withReaderNode((node) => {
    added(node, "0b2web", "web");
    const { stderr } = node.verb("ADD", node.pod("7c1fcart"), {
      annotations: guarantee("50M"),
      args: podArgs("cart"),
      config: { logLevel: "info" },
    });
    const [told, shown] = [stderr, blockThat("docs/commands.md", '{"level":30')].map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    expect(shapeOf(shown)).toEqual(shapeOf(told));
    for (const key of ["verb", "ifname", "leases", "class", "promise", "outcome"])
      expect(shown?.[key]).toEqual(told?.[key]);
  }));
