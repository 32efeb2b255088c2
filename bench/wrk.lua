-- Sends presigned requests in turns, and prints what came of it as one line of JSON.
--
-- Arguments: method, file with one target a line, size of the body in bytes, and "once" to stop
-- when each target was asked for.

local targets = {}
local requests = {}
local method, body
local at = 0
local threads = 0
local answered = 0
local begun = 0
local NEVER_MS = 24 * 3600 * 1000

-- Only set where it is needed: calling it for each answer costs the client time.
local function stop_at_the_end()
  answered = answered + 1
  if answered == #targets then
    wrk.thread:stop()
    -- wrk sleeps through its duration unless it is interrupted, and cannot be while this runs.
    os.execute("(sleep 0.01; kill -INT $PPID) &")
  end
end

-- Each thread begins elsewhere, so that they do not ask for the same at the same time.
function setup(thread)
  thread:set("begin_at", threads * 0.5)
  threads = threads + 1
end

-- How long a client waits before its next request. Without this the first clients to end begin anew,
-- and their answers would count for requests that are still under way.
local function never_again()
  begun = begun + 1
  return begun > #targets and NEVER_MS or 0
end

function init(arguments)
  if arguments[4] == "once" then
    response = stop_at_the_end
    delay = never_again
  end
  method = arguments[1]
  if tonumber(arguments[3]) > 0 then
    body = string.rep("x", tonumber(arguments[3]))
  end
  for target in io.lines(arguments[2]) do
    targets[#targets + 1] = target
  end
  at = math.floor(begin_at * #targets)
end

-- Made when they are asked for: the first thread works while the next ones are still set up, which is not
-- in the time that is measured.
function request()
  at = at % #targets + 1
  requests[at] = requests[at] or wrk.format(method, targets[at], nil, body)
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "failed": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
