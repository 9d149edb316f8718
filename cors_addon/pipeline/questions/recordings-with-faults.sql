-- Which recordings could not be judged, or not to their end, and why.
SELECT state, fault, count(*) AS recordings, sum(judgements)::BIGINT AS judgements, min(recording) AS example
FROM recordings
WHERE state <> 'whole'
GROUP BY state, fault
ORDER BY recordings DESC, state, fault
