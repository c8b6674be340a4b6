-- Send the bytes of a file again and again; print what was counted as one line of JSON.
-- The file may hold several requests: wrk then counts that many answers per write.

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local data = file:read("*a")
  file:close()
  -- wrk asks this once, before it starts: nothing of Lua runs while it measures
  wrk.format = function() return data end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nload: {"requests": %d, "duration_us": %d, "bytes": %d, "connect": %d, "read": %d, ' ..
    '"write": %d, "timeout": %d, "status": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, summary.bytes, errors.connect, errors.read,
    errors.write, errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99)))
end
