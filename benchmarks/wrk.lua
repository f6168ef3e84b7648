-- Sends the lines of a file (target, tab, body), each line by one thread in turn; prints figures as JSON.
-- A line with a body is a POST, one without is a GET.
-- wrk … -s wrk.lua http://127.0.0.1:PORT -- FILE THREADS "Header: value" …
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  local headers = {}
  for n = 3, #arguments do
    local name, value = arguments[n]:match("^(.-): (.*)$")
    headers[name] = value
  end
  requests = {}
  local count = 0
  for line in io.lines(arguments[1]) do
    if count % tonumber(arguments[2]) == number then
      local target, body = line:match("^(.-)\t(.*)$")
      requests[#requests + 1] = wrk.format(body == "" and "GET" or "POST", target, headers, body ~= "" and body or nil)
    end
    count = count + 1
  end
  at = 0
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'FIGURES {"rate": %.2f, "p50": %.3f, "p95": %.3f, "p99": %.3f, "requests": %d, "refused": %d, "failed": %d}\n',
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
