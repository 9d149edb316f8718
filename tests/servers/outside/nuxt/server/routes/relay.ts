export default defineEventHandler(async (event) => {
  const api = process.env.API, origin = { Origin: "http://app.example.test" };
  await $fetch.raw(`${api}/own`, { headers: origin });
  await $fetch.raw(`${api}/put`, { method: "PUT", body: { a: 1 }, headers: { ...origin, "User-Agent": getHeader(event, "user-agent") } });
  return proxyRequest(event, `${api}/proxied`);
});
