-- Which servers' answers give away more than they should: each finding with the server, the CORS implementation it looks
-- like, how many answers show it, and in how many recordings.
SELECT
  server,
  finding,
  mode(implementation) AS implementation,
  count(*) AS answers,
  count(DISTINCT recording) AS recordings
FROM (
  SELECT
    recording,
    regexp_extract(url, '^[^:/?#]+://[^/?#]*') AS server,
    unnest(findings) AS finding,
    judgements.server->>'title' AS implementation
  FROM judgements
)
GROUP BY server, finding
ORDER BY answers DESC, server, finding
