-- A batch as one sorted set in which all scores are 0, so that it is there as a whole or not at all and
-- its members are in the order of their bytes:
--   0<row key>                  a row that shows
--   1<name><stamp><row key>     the last known state of a document: its row, or nothing when it has none
--   2<header>                   {time of the fill, hidden states, extent, generations}
-- <name> is the document's length-delimited name. The extent is false when the batch is complete.
-- Every row that shows has a state; the other states are hidden.
local function head(set)
  local last = call('ZRANGE', set, -1, -1)[1]
  if not last then return nil end
  local h = cmsgpack.unpack(sub(last, 2))
  return { member = last, time = h[1], hidden = h[2], extent = h[3], gens = h[4] }
end

local function put_head(set, h)
  if h.member then call('ZREM', set, h.member) end
  local packed = cmsgpack.pack({ h.time, h.hidden, h.extent, h.gens })
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

-- Merges a change into a batch: the later stamp wins. An empty row means that it has none. The header has
-- changed when `h.changed` is set.
local function merge(set, h, name, stamp, row)
  if sub(stamp, 1, 16) <= h.time then return 'unchanged' end
  local prefix = '1' .. name
  local state = call('ZRANGEBYLEX', set, '[' .. prefix, '+', 'LIMIT', 0, 1)[1]
  if state and sub(state, 1, #prefix) ~= prefix then state = nil end
  if state and stamp <= sub(state, #prefix + 1, #prefix + 32) then return 'unchanged' end
  local old = state and sub(state, #prefix + 33) or ''
  local was, is = old ~= '' and within(h, old), row ~= '' and within(h, row)
  local hidden = h.hidden - (state and not was and 1 or 0) + (is and 0 or 1)
  h.changed = hidden ~= h.hidden
  h.hidden = hidden
  local stays = was and is and old == row
  if was and not stays then call('ZREM', set, state, '0' .. old) elseif state then call('ZREM', set, state) end
  if is and not stays then
    call('ZADD', set, 0, prefix .. stamp .. row, 0, '0' .. row)
  else
    call('ZADD', set, 0, prefix .. stamp .. row)
  end
  if stays or not was and not is then return 'unchanged' end
  return was and (is and 'moved' or 'removed') or 'inserted'
end
