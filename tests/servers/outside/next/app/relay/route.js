export async function POST({ headers }) {
  const answer = await fetch(`${process.env.API}/relayed`, { method: "POST", headers, body: "{}" });
  return new Response(await answer.text());
}
