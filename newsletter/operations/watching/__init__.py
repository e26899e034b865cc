"""Is it well: heartbeats, the status, troubles and who hears of them."""
