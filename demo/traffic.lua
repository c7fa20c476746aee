-- SPDX-License-Identifier: Apache-2.0
-- wrk: asks for three routes in turn and counts who answered. Prints requests, failures and answers of each origin.
local threads = {}
local turn = 0
local routes = {
  { "shop.test", "/" }, { "shop.test", "/api/cart?item=7" }, { "www.blog.test", "/2026/penstock" },
}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  one, two, three, other = 0, 0, 0, 0
  connection = args[1]
end

function request()
  turn = turn % #routes + 1
  return wrk.format("GET", routes[turn][2], { Host = routes[turn][1], Connection = connection })
end

function response(status, headers, body)
  if status ~= 200 then other = other + 1
  elseif body == "origin-1\n" then one = one + 1
  elseif body == "origin-2\n" then two = two + 1
  elseif body == "origin-3\n" then three = three + 1
  else other = other + 1 end
end

function done(summary)
  local e, one, two, three, other = summary.errors, 0, 0, 0, 0
  for _, thread in ipairs(threads) do
    one, two, three = one + thread:get("one"), two + thread:get("two"), three + thread:get("three")
    other = other + thread:get("other")
  end
  io.write(string.format("result %d %d %d %d %d\n", summary.requests, e.connect + e.read + e.write + e.timeout + other, one, two, three))
end
