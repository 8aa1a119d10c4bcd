-- Changes the members of a batch, which `head.lua` describes. Redis keeps a sorted set of at most 128 members of at
-- most 64 bytes in one piece: hence the most rows of a short list (two members each), and bytes of a member. Calls that
-- are made for every batch get their numbers as strings: Redis prints a number of Lua's with 17 digits first.
local few, longest = 63, 64

-- Converts a number of 16 digits to bytes.
local function packed(digits)
  return struct.pack('>I4I4', tonumber(sub(digits, 1, 8), 16), tonumber(sub(digits, 9, 16), 16))
end

-- The current change, mostly the same for all batches of a call: its document's name and its stamp, the stamp as numbers,
-- the beginning of the members that record it, and the range of those that record any state of the document.
local document, stamped, s1, s2, s3, s4, since, states, past_states
local function take_change(name, stamp)
  if stamp == stamped and name == document then return end
  document, stamped = name, stamp
  local bytes = packed(stamp) .. packed(sub(stamp, 17))
  s1, s2, s3, s4 = struct.unpack('>I4I4I4I4', bytes)
  since = '2' .. name .. '+' .. bytes
  states, past_states = '[2' .. name .. '+', '(2' .. name .. '/'
end

-- Whether the current stamp is later than the one given as four numbers, or its time than the one given as two.
local function is_later(a, b, c, d)
  if s1 ~= a then return s1 > a end
  if s2 ~= b or not d then return s2 > b end
  if s3 ~= c then return s3 > c end
  return s4 > d
end

local function put_head(set, h)
  local old, counts = h.member, struct.pack('>I4I3', h.shown, h.hidden)
  if old then call('ZREM', set, old) end
  local kind = '4'
  if h.expires then
    local low = h.expires % 4294967296
    kind = '5' .. struct.pack('>I4I4', (h.expires - low) / 4294967296, low)
  end
  h.member = kind .. h.time .. counts .. h.gens
  call('ZADD', set, '0', h.member)
end

-- The row that the document had at the fill, and its block if that has no other document.
local function in_block(set)
  local name = document
  local block = call('ZREVRANGEBYLEX', set, '(1' .. name .. '/', '[1', 'LIMIT', '0', '1')[1]
  if not block then return nil end
  local count = string.byte(block, -1)
  if count == 1 then
    if sub(block, 2, #name + 2) ~= name .. '.' then return nil end
    return sub(block, #name + 3, -2) .. name, block
  end
  local lengths = { struct.unpack('>' .. string.rep('I2', 2 * count), block, #block - 4 * count) }
  local at = 2
  for i = 1, 2 * count, 2 do
    local rest = at + lengths[i] + 1
    local after = rest + lengths[i + 1]
    if rest - at - 1 == #name and sub(block, at, rest - 2) == name then
      return sub(block, rest, after - 1) .. name
    end
    at = after
  end
end

-- The state of the document: whether it has changed since the fill, and whether that change is at least as late
-- as the current stamp; its row; and the members to remove when a newer state replaces it.
local function state(set)
  -- From the end, near which they are: a set in one piece is searched member by member.
  local members = call('ZREVRANGEBYLEX', set, past_states, states)
  local known, late, row
  for _, member in ipairs(members) do
    local after = #document + 2
    if sub(member, after, after) == '+' then
      local a, b, c, d = struct.unpack('>I4I4I4I4', member, after + 1)
      known, late, after = true, not is_later(a, b, c, d), after + 17
    end
    if #member >= after then row = sub(member, after + 1) .. document end
  end
  if not known then row, members[1] = in_block(set) end
  return known, late, row, members
end

-- Whether a batch was filled as of an earlier time than this change, which becomes the current one.
local function is_since_fill(h, name, stamp)
  take_change(name, stamp)
  local a, b = struct.unpack('>I4I4', h.time)
  return is_later(a, b)
end

-- The row that a batch shows of the document, if it is as of an earlier stamp than the current one.
local function earlier_row(set, h)
  local _, late, row = state(set)
  return not late and row and within(h, row) and row or nil
end

-- The members (one or two) that record the document's row (nil: none) as of the current stamp.
local function members_of(h, row)
  local rest = row and '.' .. sub(row, 1, #row - #document) or ''
  local split = row and h.shown <= few and #since + #rest > longest and 1 + #document + #rest <= longest
  if split then return since, '2' .. document .. rest end
  return since .. rest
end

-- The earlier of two moments, of which there may be none.
local function earlier(a, b)
  return a and b and math.min(a, b) or a or b
end

-- Merges a change into a batch: the later stamp wins. An empty row means that the document has none; `expires` is when
-- it expires, if it does. Sets `h.changed` when the head has to be rewritten.
local function merge(set, h, name, stamp, row, expires)
  if not is_since_fill(h, name, stamp) then return 'unchanged' end
  local known, late, old, gone = state(set)
  if late then return 'unchanged' end
  if row == '' then row = nil end
  local was, is = old and within(h, old), row and within(h, row)
  local stays = was and is and old == row
  local shown = h.shown + (is and 1 or 0) - (was and 1 or 0)
  local hidden = h.hidden + (is and 0 or 1) - (known and not was and 1 or 0)
  h.changed = shown ~= h.shown or hidden ~= h.hidden
  h.shown, h.hidden = shown, hidden
  local ages = is and expires and expires < (h.expires or math.huge)
  if ages then h.expires, h.changed = expires, true end
  if was and not stays then gone[#gone + 1] = '0' .. old end
  if #gone > 0 then call('ZREM', set, unpack(gone)) end
  local first, second = members_of(h, row)
  local new = { '0', first }
  if second then new[3], new[4] = '0', second end
  if is and not stays then
    new[#new + 1] = '0'
    new[#new + 1] = '0' .. row
  end
  call('ZADD', set, unpack(new))
  if stays or not was and not is then return ages and 'aged' or 'unchanged' end
  return was and (is and 'moved' or 'removed') or 'inserted'
end
