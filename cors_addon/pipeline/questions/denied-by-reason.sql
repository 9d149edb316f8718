-- Which checks refuse CORS exchanges: how many, the share of all CORS exchanges, at how many servers, in how many recordings.
SELECT
  reason,
  stage,
  count(*) AS denied,
  round(100.0 * count(*) / (SELECT count(*) FROM judgements WHERE verdict IN ('allow', 'deny')), 2) AS percent,
  count(DISTINCT regexp_extract(url, '^[^:/?#]+://[^/?#]*')) AS servers,
  count(DISTINCT recording) AS recordings
FROM judgements
WHERE verdict = 'deny'
GROUP BY reason, stage
ORDER BY denied DESC, reason, stage
