// What people ask an API with in Node: each with an Origin of its own, with a browser's User-Agent, and with all that a
// browser would send by http.
import axios from "axios";
import got from "got";
import ky from "ky";
import nodeFetch from "node-fetch";
import superagent from "superagent";
import * as undici from "undici";

const { API, AGENT } = process.env;
const origin = { Origin: "http://app.example.test" };
const agent = { ...origin, "User-Agent": AGENT };
const all = {
  Accept: "*/*",
  "Accept-Language": "en-US,en;q=0.9",
  "Accept-Encoding": "gzip, deflate",
  ...agent,
  Cookie: "sid=1",
  Referer: "http://app.example.test/page",
};
const askers = {
  undici: async (url, asked) => (await undici.fetch(url, asked)).text(),
  "undici.request": async (url, asked) => (await undici.request(url, asked)).body.text(),
  fetch: async (url, asked) => (await fetch(url, asked)).text(),
  "node-fetch": async (url, asked) => (await nodeFetch(url, asked)).text(),
  axios: (url, { method, headers, body }) => axios({ url, method, headers, data: body }),
  "axios-fetch": (url, { method, headers, body }) => axios({ url, method, headers, data: body, adapter: "fetch" }),
  got: (url, asked) => got(url, asked),
  ky: (url, asked) => ky(url, asked).text(),
  superagent: (url, { method, headers, body }) => superagent(method, url).set(headers).send(body),
};
for (const [name, ask] of Object.entries(askers)) {
  for (const method of ["GET", "POST", "PUT"]) {
    for (const [kind, given] of Object.entries({ origin, agent, all })) {
      const type = method === "GET" ? {} : { "Content-Type": "application/json" };
      const body = method === "GET" ? undefined : '{"a": 1}';
      await ask(`${API}/${name}/${kind}`, { method, headers: { ...given, ...type }, body });
    }
  }
}
