import { headers } from "next/headers";

export default async function Page() {
  const asked = await headers();
  const origin = { Origin: "http://app.example.test" };
  const agent = { ...origin, "User-Agent": asked.get("user-agent") };
  await fetch(`${process.env.API}/rendered/origin`, { headers: origin, cache: "no-store" });
  await fetch(`${process.env.API}/rendered/agent`, { headers: agent, cache: "no-store" });
  await fetch(`${process.env.API}/rendered/put`, { headers: agent, method: "PUT", body: "{}", cache: "no-store" });
  return <p>asked</p>;
}
