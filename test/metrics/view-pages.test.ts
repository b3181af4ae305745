import { expect, test } from "bun:test";
import { viewPages } from "../../src/metrics/view-pages.ts";

const pages = viewPages({
  status: async (ms) => `{"ms":${ms}}`,
  doctor: async () => "{}",
  uiToken: async () => "{}",
});
const status = pages.find(({ path }) => path === "/status");

const asked = async (query: string): Promise<string | undefined> =>
  (await status?.answer({ accept: "", query: new URLSearchParams(query) }))?.text;

test.each([
  ["", 1000],
  ["intervalMs=0", 0],
  ["intervalMs=100", 100],
  ["intervalMs=10000", 10_000],
])("status?%s measures for %d ms", async (query, ms) => {
  expect(await asked(query)).toBe(`{"ms":${ms}}`);
});

test.each(["1", "99", "10001", "1s", "-1", "", "1e3", "0x10"])(
  "status?intervalMs=%s is refused",
  async (text) => {
    await expect(asked(`intervalMs=${text}`)).rejects.toThrow("is neither 0 nor from 100 to 10000");
  },
);

test("each page is for tokens that were made for agents", () => {
  expect(pages.map(({ path, verb, audience, role }) => [path, verb, audience, role])).toEqual([
    ["/status", "get", "fairway.dev/agent", "fairway-viewer-pages"],
    ["/doctor", "get", "fairway.dev/agent", "fairway-viewer-pages"],
    ["/ui/token", "post", "fairway.dev/agent", "fairway-viewer-pages"],
  ]);
});
