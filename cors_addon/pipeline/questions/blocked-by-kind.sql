-- What keeps answers from pages, CORS and all else: how many exchanges, the share of all that were judged, in how many recordings.
SELECT
  blocked_by,
  count(*) AS exchanges,
  round(100.0 * count(*) / (SELECT count(*) FROM judgements WHERE usable IS NOT NULL), 2) AS percent,
  count(DISTINCT recording) AS recordings
FROM judgements
WHERE blocked_by IS NOT NULL
GROUP BY blocked_by
ORDER BY exchanges DESC, blocked_by
