-- A batch as one sorted set in which all scores are 0, so that it is there as a whole or not at all and
-- its members are in the order of their bytes:
--   0<row key>                  a row that shows
--   1<name>.<rest>              the row that a document has: <rest><name>, as of the fill ...
--   1<name>+<stamp>             ... or as of this stamp; alone, that the document has none
--   1<name>+<stamp>.<rest>      both in one
--   2<extent>                   the last row that is known; not there when these are all
--   3<head>                     the fill's time, rows that show, hidden states, generations of the types
-- A row's key ends with the document's name, and a name ends with a type's, in which there is no byte below
-- `0`: so no name is the beginning of another with what follows it. Every row that shows has a state; the other
-- states are hidden. Times, stamps and generations are bytes here, half as long as their digits.
--
-- Redis keeps a set of at most 128 members densely as long as none is longer than 64 bytes. Such a set takes a
-- third of the room, which is why a stamp and a rest that are too long together stand in two members there.
local few, longest = 63, 64

local function head(set)
  local ends = call('ZRANGE', set, -2, -1)
  local last = ends[#ends]
  if not last then return nil end
  local h = { member = last, gens = hex(sub(last, 18)) }
  h.shown, h.hidden = struct.unpack('>I4I4', last, 10)
  if ends[2] and sub(ends[1], 1, 1) == '2' then h.extent = sub(ends[1], 2) end
  return h
end

-- The time of its fill.
local function filled(h)
  h.time = h.time or hex(sub(h.member, 2, 9))
  return h.time
end

local function put_head(set, h)
  local member = '3' .. from_hex(filled(h)) .. struct.pack('>I4I4', h.shown, h.hidden) .. from_hex(h.gens)
  if h.member then call('ZREM', set, h.member) end
  h.member = member
  call('ZADD', set, 0, member)
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

-- What is known of a document: the members that say it, the stamp unless it is as of the fill, and the row.
local function state(set, name)
  local start = '1' .. name
  local members = call('ZRANGEBYLEX', set, '[' .. start .. '+', '(' .. start .. '/')
  local stamp, row
  for _, member in ipairs(members) do
    local after = #start + 1
    if sub(member, after, after) == '+' then
      stamp = hex(sub(member, after + 1, after + 16))
      after = after + 17
    end
    if #member >= after then row = sub(member, after + 1) .. name end
  end
  return members, stamp, row
end

-- Adds to what is to be added the members that say that a document has the row (nil: none) as of the stamp.
local function add_state(new, h, name, stamp, row)
  local start, rest = '1' .. name, row and '.' .. sub(row, 1, #row - #name) or ''
  local since = '+' .. from_hex(stamp)
  local split = row and h.shown <= few and #start + #since + #rest > longest and #start + #rest <= longest
  for _, member in ipairs(split and { start .. since, start .. rest } or { start .. since .. rest }) do
    new[#new + 1] = 0
    new[#new + 1] = member
  end
end

-- Merges a change into a batch: the later stamp wins. An empty row means that it has none. The head has
-- changed when `h.changed` is set.
local function merge(set, h, name, stamp, row)
  if sub(stamp, 1, 16) <= filled(h) then return 'unchanged' end
  local gone, known, old = state(set, name)
  if known and stamp <= known then return 'unchanged' end
  if row == '' then row = nil end
  local was, is = old and within(h, old), row and within(h, row)
  local stays, new = was and is and old == row, {}
  local shown = h.shown + (is and 1 or 0) - (was and 1 or 0)
  local hidden = h.hidden + (is and 0 or 1) - (#gone > 0 and not was and 1 or 0)
  h.changed = shown ~= h.shown or hidden ~= h.hidden
  h.shown, h.hidden = shown, hidden
  if was and not stays then gone[#gone + 1] = '0' .. old end
  if #gone > 0 then call('ZREM', set, unpack(gone)) end
  add_state(new, h, name, stamp, row)
  if is and not stays then
    new[#new + 1] = 0
    new[#new + 1] = '0' .. row
  end
  call('ZADD', set, unpack(new))
  if stays or not was and not is then return 'unchanged' end
  return was and (is and 'moved' or 'removed') or 'inserted'
end
