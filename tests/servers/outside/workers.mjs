// A Cloudflare Worker, by workerd: its own fetch, with a browser's User-Agent, and with all of a browser's request.
import { Miniflare } from "miniflare";

const { API, AGENT } = process.env;
const script = `export default {
  async fetch(request, { API }) {
    const kind = new URL(request.url).pathname, { method } = request, body = method === "GET" ? undefined : "{}";
    const given = { Origin: "http://app.example.test" };
    if (kind === "/agent") given["User-Agent"] = request.headers.get("User-Agent");
    const asked = kind === "/all" ? new Request(API + kind, request) : new Request(API + kind, { method, body, headers: given });
    return new Response(await (await fetch(asked)).text());
  },
}`;
const worker = new Miniflare({ modules: true, script, bindings: { API: `${API}/worker` }, compatibilityDate: "2026-01-01" });
const own = await worker.ready;
for (const method of ["GET", "POST"]) {
  for (const kind of ["origin", "agent", "all"]) {
    const headers = { Origin: "http://app.example.test", "User-Agent": AGENT };
    await (await fetch(new URL(kind, own), { method, headers, body: method === "GET" ? undefined : "{}" })).text();
  }
}
await worker.dispose();
