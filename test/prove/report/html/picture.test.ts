import { expect, test } from "bun:test";
import { renderPicture } from "../../../../src/prove/report/html/picture.ts";
import { matrixOf, passedJob, resultOf } from "../../fixture.ts";

test("one plot, light and dark, that loads nothing", () => {
  const picture = renderPicture(resultOf(passedJob()));
  expect(picture).toStartWith('<svg xmlns="http://www.w3.org/2000/svg"');
  expect(picture).toContain("prefers-color-scheme: dark");
  expect(picture).toContain(">no QoS</tspan>");
  expect(picture.match(/<path /g)?.length).toBeGreaterThan(3);
  expect(picture).not.toMatch(/NaN|undefined|null|<script|<image|url\(/);
});

test("of scenarios without latency there is none", () => {
  expect(() => renderPicture(matrixOf())).toThrow("there is no plot");
});
