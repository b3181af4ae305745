import { describe, expect, test } from "bun:test";
import { readEnvironment } from "../../src/cni/environment.ts";
import { FairwayError } from "../../src/errors.ts";

const add = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/c1",
  CNI_IFNAME: "eth0",
};

function refusal(env: Record<string, string | undefined>): FairwayError {
  try {
    readEnvironment(env);
  } catch (error) {
    if (error instanceof FairwayError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("what is missing is named, all of it, in order", () => {
  const rows: [string, Record<string, string | undefined>, string][] = [
    ["no command", {}, "CNI_COMMAND"],
    ["an empty command", { ...add, CNI_COMMAND: "" }, "CNI_COMMAND"],
    ["ADD alone", { CNI_COMMAND: "ADD" }, "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"],
    ["CHECK alone", { CNI_COMMAND: "CHECK" }, "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"],
    ["DEL needs no netns", { CNI_COMMAND: "DEL" }, "CNI_CONTAINERID,CNI_IFNAME"],
    ["empty counts as missing", { ...add, CNI_NETNS: "", CNI_IFNAME: "" }, "CNI_NETNS,CNI_IFNAME"],
    [
      "before what is wrong",
      { ...add, CNI_CONTAINERID: "a/b", CNI_IFNAME: undefined },
      "CNI_IFNAME",
    ],
  ];
  test.each(rows)("%s", (_, env, names) => {
    const error = refusal(env);
    expect(error.code).toBe(4);
    expect(error.message).toBe(`required env variables [${names}] missing`);
  });
});

describe("what is wrong is refused with code 4", () => {
  const rows: [string, Record<string, string>, RegExp][] = [
    ["unknown verb", { CNI_COMMAND: "FROB" }, /^unknown CNI_COMMAND: FROB$/],
    ["verbs are upper case", { CNI_COMMAND: "add" }, /^unknown CNI_COMMAND: add$/],
    ["slash in the id", { CNI_CONTAINERID: "a/b" }, /CNI_CONTAINERID "a\/b"/],
    ["id that starts with a dot", { CNI_CONTAINERID: ".a" }, /CNI_CONTAINERID/],
    ["id with a line end", { CNI_CONTAINERID: "a\n" }, /CNI_CONTAINERID "a\\n"/],
    ["ifname of 16 bytes", { CNI_IFNAME: "abcdefghijklmnop" }, /CNI_IFNAME .* 16 bytes/],
    ["ifname counted in bytes", { CNI_IFNAME: "éééééééé" }, /CNI_IFNAME .* 16 bytes/],
    ["ifname .", { CNI_IFNAME: "." }, /CNI_IFNAME "\."/],
    ["ifname ..", { CNI_IFNAME: ".." }, /CNI_IFNAME "\.\."/],
    ["ifname with slash", { CNI_IFNAME: "a/b" }, /CNI_IFNAME .*"\/"/],
    ["ifname with colon", { CNI_IFNAME: "eth0:1" }, /CNI_IFNAME .*":"/],
    ["ifname with space", { CNI_IFNAME: "eth 0" }, /CNI_IFNAME .*" "/],
    ["ifname that the kernel would fill in", { CNI_IFNAME: "eth%d" }, /CNI_IFNAME .*"%"/],
    ["ARGS without =", { CNI_ARGS: "IP=198.18.0.2;nonsense" }, /malformed pair "nonsense"/],
    ["ARGS with two =", { CNI_ARGS: "IP=a=b" }, /malformed pair "IP=a=b"/],
    ["ARGS without key", { CNI_ARGS: "=a" }, /malformed pair "=a"/],
    ["ARGS with an empty pair", { CNI_ARGS: "IP=a;" }, /malformed pair ""/],
    ["ARGS that contradict", { CNI_ARGS: "IP=a;IP=b" }, /gives IP twice: "a" and "b"/],
    ["ARGS of others: no values", { CNI_ARGS: "TOKEN=s3=x" }, /malformed pair "TOKEN=\.\.\."$/],
    ["ARGS of others, twice", { CNI_ARGS: "T=s3;T=s4" }, /gives T twice, with two values$/],
    ["ARGS for a terminal", { CNI_ARGS: "K8S_POD_NAME=a\u001b[2J" }, /control character/],
    ["ifname that a tool reads", { CNI_IFNAME: "a#b" }, /CNI_IFNAME .*"#"/],
    ["ifname like an option", { CNI_IFNAME: "-h" }, /begins with "-"/],
    ["netns with white space", { CNI_NETNS: "/run/netns/a b" }, /CNI_NETNS .* is no path/],
    ["netns that is relative", { CNI_NETNS: "netns/a" }, /CNI_NETNS .* is no path/],
    ["unknown ARGS", { CNI_ARGS: "FOO=1;IP=a;BAR=2" }, /unknown keys: FOO, BAR$/],
    ["unknown ARGS, not ignored", { CNI_ARGS: "FOO=1;IgnoreUnknown=false" }, /unknown keys: FOO$/],
    ["IgnoreUnknown is a boolean", { CNI_ARGS: "IgnoreUnknown=yes" }, /IgnoreUnknown=yes/],
    ["IgnoreUnknown is no property", { CNI_ARGS: "IgnoreUnknown=constructor" }, /constructor/],
  ];
  test.each(rows)("%s", (_, part, words) => {
    const error = refusal({ ...add, ...part });
    expect(error.code).toBe(4);
    expect(error.message).toMatch(words);
  });
});

describe("what is accepted", () => {
  test("ADD, all of it", () => {
    const env = {
      ...add,
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod;EXTRA=x;__proto__=y",
      CNI_PATH: "/opt/cni/bin::/usr/lib/cni",
    };
    const read = readEnvironment(env);
    expect(read).toMatchObject({
      verb: "ADD",
      containerId: "c1",
      netns: "/run/netns/c1",
      ifname: "eth0",
      path: ["/opt/cni/bin", "/usr/lib/cni"],
      netnsOverride: false,
    });
    expect("args" in read && Object.entries(read.args)).toEqual([
      ["IgnoreUnknown", "1"],
      ["K8S_POD_NAMESPACE", "ns"],
      ["K8S_POD_NAME", "pod"],
      ["EXTRA", "x"],
      ["__proto__", "y"],
    ]);
  });

  test.each(["1", "t", "T", "true", "True", "TRUE"])("IgnoreUnknown=%s", (value) => {
    const read = readEnvironment({ ...add, CNI_ARGS: `X=1;IgnoreUnknown=${value}` });
    expect("args" in read && read.args.X).toBe("1");
  });

  test("no ARGS, no PATH", () => {
    expect(readEnvironment(add)).toMatchObject({ args: {}, path: [] });
  });

  test("CHECK does not mind unknown ARGS", () => {
    const read = readEnvironment({ ...add, CNI_COMMAND: "CHECK", CNI_ARGS: "FOO=1" });
    expect(read).toMatchObject({ verb: "CHECK", args: { FOO: "1" } });
  });

  test("DEL goes through with the ARGS that made ADD fail, and without a netns", () => {
    const { CNI_NETNS: _, ...del } = { ...add, CNI_COMMAND: "DEL" };
    const read = readEnvironment({ ...del, CNI_ARGS: "junk;K8S_POD_NAME=pod;a=b=c" });
    expect(read).toMatchObject({ verb: "DEL", netns: "", args: { K8S_POD_NAME: "pod" } });
  });

  test.each(["GC", "STATUS"])("%s needs nothing of a pod", (verb) => {
    const env = { CNI_COMMAND: verb, CNI_PATH: "/opt/cni/bin", CNI_IFNAME: "a/b" };
    expect(readEnvironment(env)).toEqual({
      verb: verb as "GC" | "STATUS",
      path: ["/opt/cni/bin"],
    });
  });

  test.each([
    ["1", true],
    ["TRUE", true],
    ["true", true],
    ["0", false],
    ["yes", false],
    ["", false],
  ])("CNI_NETNS_OVERRIDE=%s", (text, netnsOverride) => {
    expect(readEnvironment({ ...add, CNI_NETNS_OVERRIDE: text })).toMatchObject({ netnsOverride });
  });
});
