/** Stands between a client and a real API server, and does to what passes whatever a test says. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubeconfigAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { ApiServer } from "./api-server.ts";

interface Fault {
  /** Answers in the API server's place. */
  answer?(url: URL): Response | null;
  /** Changes what is asked. */
  asked?(url: URL): void;
  /** Makes of each line of an answer the lines that pass. */
  lines?(line: string): string[];
}

export interface FaultyProxy extends AsyncDisposable {
  client: KubeClient;
  /** What is done from now on. */
  fault: Fault;
  /** Ends all that passes now. */
  cut(): void;
  requests: URL[];
  bytes: number;
}

/** What is cut ends. */
function changed(body: ReadableStream<Uint8Array>, proxy: FaultyProxy): ReadableStream<Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
  let rest = "";
  const passed = (chunk: Uint8Array): Uint8Array => {
    proxy.bytes += chunk.length;
    const { lines } = proxy.fault;
    if (lines === undefined) return chunk;
    const whole = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = whole.pop() ?? "";
    return encoder.encode(
      whole
        .flatMap(lines)
        .map((line) => `${line}\n`)
        .join(""),
    );
  };
  return new ReadableStream({
    start: async (controller) => {
      try {
        for await (const chunk of body) controller.enqueue(passed(chunk));
        controller.close();
      } catch {
        try {
          controller.close();
        } catch {
          // Whoever read it has gone.
        }
      }
    },
  });
}

export function faultyProxy(server: ApiServer): FaultyProxy {
  const ca = readFileSync(server.ca, "utf8");
  let cutter = new AbortController();
  const folder = mkdtempSync(join(tmpdir(), "fairway-proxy-"));
  const listener = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const url = new URL(request.url);
      proxy.requests.push(url);
      const instead = proxy.fault.answer?.(url) ?? null;
      if (instead !== null) return instead;
      proxy.fault.asked?.(url);
      const headers = new Headers(request.headers);
      for (const name of ["host", "connection", "accept-encoding"]) headers.delete(name);
      const body = request.method === "GET" ? null : await request.text();
      const signal = AbortSignal.any([cutter.signal, request.signal]);
      try {
        const answer = await fetch(`${server.url}${url.pathname}${url.search}`, {
          ...{ method: request.method, headers, body, signal, tls: { ca } },
        });
        const kept = new Headers({ "content-type": answer.headers.get("content-type") ?? "" });
        const passed = answer.body === null ? null : changed(answer.body, proxy);
        return new Response(passed, { status: answer.status, headers: kept });
      } catch (error) {
        return new Response(String(error), { status: 502 });
      }
    },
  });
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      "current-context": "x",
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${listener.port}` } }],
      users: [{ name: "u", user: { token: server.token } }],
    }),
  );
  const proxy: FaultyProxy = {
    client: new KubeClient(kubeconfigAccess(kubeconfig), "test"),
    fault: {},
    cut: () => {
      cutter.abort();
      cutter = new AbortController();
    },
    requests: [],
    bytes: 0,
    [Symbol.asyncDispose]: async () => {
      await listener.stop(true);
      rmSync(folder, { recursive: true });
    },
  };
  return proxy;
}
