-- Sends the bodies of a file, one per line, in turn, each with the token that stands before it and a tab, and prints the run's figures as one line of JSON.
-- A line that begins with a space is a request of another method and path: ` GET /path` or ` PUT /path {...}`.
-- Every thread begins at another place.

local requests = {}
local place = 0
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
  wrk.headers["accept"] = "application/json"
  for line in io.lines(args[1]) do
    local method, path, sent = line:match("^ (%u+) (%S+) (.*)$")
    local token, body = line:match("^(%S+)\t(.*)$")
    wrk.headers["authorization"] = token and "Bearer " .. token
    if method then
      requests[#requests + 1] = wrk.format(method, path, nil, sent ~= "" and sent or nil)
    else
      requests[#requests + 1] = wrk.format(nil, nil, nil, body or line)
    end
  end
  place = math.floor(#requests / tonumber(args[2]) * number)
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local faults = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,' ..
      '"faults":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency.max, faults.connect, faults.read, faults.write, faults.status, faults.timeout))
end
