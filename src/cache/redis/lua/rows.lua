-- A batch as one sorted set in which all scores are 0, so that it is there as a whole or not at all and
-- its members are in the order of their bytes:
--   0<row key>                  a row that shows
--   1<name><stamp><row key>     the last known state of a document: its row, or nothing when it has none
--   2<header>                   {time of the fill, token, revision, hidden states, extent, generations}
-- <name> is the document's length-delimited name. The extent is false when the batch is complete.
-- Every row that shows has a state; the other states are hidden. A revision is never used twice: it
-- counts up from 0, and the token is another one in every fill.
local function head(set)
  local last = call('ZRANGE', set, -1, -1)[1]
  if not last then return nil end
  local h = cmsgpack.unpack(sub(last, 2))
  return {
    member = last, time = h[1], token = h[2], revision = h[3], hidden = h[4], extent = h[5], gens = h[6],
  }
end

local function put_head(set, h)
  if h.member then call('ZREM', set, h.member) end
  local packed = cmsgpack.pack({ h.time, h.token, h.revision, h.hidden, h.extent, h.gens })
  h.member = '2' .. packed
  call('ZADD', set, 0, h.member)
end

-- How many rows show: each has two members, a hidden state and the header have one.
local function shown(set, h)
  return (call('ZCARD', set) - 1 - h.hidden) / 2
end

-- Whether a row is within the extent. Compares bytes: Lua's own comparison follows the locale.
local function within(h, row)
  local extent = h.extent
  if not extent then return true end
  for i = 1, math.min(#row, #extent) do
    local a, b = string.byte(row, i), string.byte(extent, i)
    if a ~= b then return a < b end
  end
  return #row <= #extent
end

-- Merges a change into a batch: the later stamp wins. An empty row means that it has none.
local function merge(set, h, name, stamp, row)
  if sub(stamp, 1, 16) <= h.time then return 'unchanged' end
  local prefix = '1' .. name
  local state = call('ZRANGEBYLEX', set, '[' .. prefix, '+', 'LIMIT', 0, 1)[1]
  if state and sub(state, 1, #prefix) ~= prefix then state = nil end
  local old = ''
  if state then
    if stamp <= sub(state, #prefix + 1, #prefix + 32) then return 'unchanged' end
    old = sub(state, #prefix + 33)
    call('ZREM', set, state)
  end
  call('ZADD', set, 0, prefix .. stamp .. row)
  h.changed = true
  local was, is = old ~= '' and within(h, old), row ~= '' and within(h, row)
  if state and not was then h.hidden = h.hidden - 1 end
  if not is then h.hidden = h.hidden + 1 end
  if was == is and (not is or old == row) then return 'unchanged' end
  h.revision = h.revision + 1
  if was then call('ZREM', set, '0' .. old) end
  if is then call('ZADD', set, 0, '0' .. row) end
  return was and (is and 'moved' or 'removed') or 'inserted'
end
