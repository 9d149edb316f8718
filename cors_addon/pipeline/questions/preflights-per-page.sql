-- How many preflights pages cause, a page being an origin in a recording: on average, in the middle, and at most; and
-- which share of the requests that CORS concerns they are.
WITH pages AS (
  SELECT
    recording,
    origin,
    count(*) AS requests,
    count(*) FILTER (role = 'preflight') AS preflights
  FROM judgements
  WHERE origin IS NOT NULL AND verdict <> 'not-cors'
  GROUP BY recording, origin
)
SELECT
  count(*) AS pages,
  count(*) FILTER (preflights > 0) AS pages_with_preflights,
  sum(preflights)::BIGINT AS preflights,
  round(avg(preflights), 2) AS per_page,
  median(preflights) AS median,
  max(preflights) AS most,
  round(100.0 * sum(preflights) / sum(requests), 2) AS percent_of_requests
FROM pages
