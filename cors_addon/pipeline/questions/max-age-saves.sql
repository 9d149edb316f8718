-- What Access-Control-Max-Age would save at each server: its preflights, how many were left were each answer kept for 600
-- seconds (the most that all browsers do) or 7200 (Chromium's most), and the share that 600 saves. The line without a
-- server is the sum. A refused preflight is never kept; an answer is kept from the preflight's start on, since the rows
-- do not tell its end.
WITH
asked AS (  -- what each preflight asked for: what made one necessary, by the request that it was sent for
  SELECT recording, flow_id, any_value(because) AS because
  FROM (
    SELECT
      recording,
      unnest(paired_with) AS flow_id,
      list_sort(list_transform(preflight_because, lambda each: regexp_extract(each, '^\S+ [^ :]+'))) AS because
    FROM judgements
    WHERE role <> 'preflight' AND preflight IS NOT NULL
  )
  GROUP BY recording, flow_id
),
alike AS (  -- the preflights that one answer in a browser's cache would serve
  SELECT
    regexp_extract(url, '^[^:/?#]+://[^/?#]*') AS server,
    seconds,
    list({
      'at': timestamp,
      'until': CASE WHEN verdict = 'allow' THEN timestamp + seconds ELSE 0 END,
      'sent': 1
    } ORDER BY timestamp) AS sent
  FROM judgements LEFT JOIN asked USING (recording, flow_id), (VALUES (600), (7200)) AS kept(seconds)
  WHERE role = 'preflight'
  GROUP BY recording, client, origin, url, credentials, because, seconds
),
counted AS (  -- one after the other: sent only where no answer is kept any more
  SELECT
    server,
    seconds,
    len(sent) AS preflights,
    list_reduce(sent, lambda past, one: CASE
      WHEN one.at < past.until THEN past
      ELSE {'at': one.at, 'until': greatest(past.until, one.until), 'sent': past.sent + 1}
    END).sent AS needed
  FROM alike
),
by_server AS (
  SELECT
    server,
    sum(preflights) FILTER (seconds = 600)::BIGINT AS preflights,
    sum(needed) FILTER (seconds = 600)::BIGINT AS left_by_600,
    sum(needed) FILTER (seconds = 7200)::BIGINT AS left_by_7200
  FROM counted
  GROUP BY ROLLUP (server)
)
SELECT *, round(100.0 * (preflights - left_by_600) / preflights, 2) AS percent_saved_by_600
FROM by_server
ORDER BY server IS NOT NULL, preflights - left_by_600 DESC, server
