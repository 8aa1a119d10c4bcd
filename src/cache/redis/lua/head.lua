-- A batch as one sorted set whose scores are all 0, so that it exists as a whole or not at all and its
-- members sort by their bytes:
--   0<row key>                  a row that shows
--   1<name>.<rest>...<lengths>  a block: documents that had a row when the batch was filled, by name
--   2<name>+<stamp>.<rest>      a document that has changed since: as of when, and its row
--   2<name>+<stamp>             the same of one that has no row
--   3<extent>                   the last row that is known; not there when these are all
--   4<head>                     the fill's time, rows that show, hidden states, generations of the types
--   5<until><head>              the same of a batch with a document that expires: from which moment on the batch is not
--                               to be believed, in milliseconds
-- A row's key is <rest><name>. A name ends with its type's name, which has no byte below `0`, so a name with
-- its delimiter is never the beginning of another name. A block ends with the number of its documents and, if
-- there are several, two lengths for each before that. A document's own state overrides its block; states
-- whose rows do not show are hidden. Times and stamps are bytes here, half as long as their digits.
--
-- Each member costs Redis 88 bytes beside its own, which is why documents of long lists share blocks. Short lists are
-- kept in one piece as long as all members are short, at two or three bytes per member. So there each document has its
-- own block, and a state that is too long is split into two members, `+<stamp>` and `.<rest>`.
local function head(set)
  local ends = call('ZRANGE', set, '-2', '-1')
  local last = ends[#ends]
  if not last then return nil end
  local at, expires = 2, nil
  if sub(last, 1, 1) == '5' then
    local high, low = struct.unpack('>I4I4', last, 2)
    at, expires = 10, high * 4294967296 + low
  end
  local shown, hidden = struct.unpack('>I4I3', last, at + 8)
  local extent = ends[2] and sub(ends[1], 1, 1) == '3' and sub(ends[1], 2)
  local h = { member = last, time = sub(last, at, at + 7), shown = shown, hidden = hidden, extent = extent }
  h.gens, h.expires = sub(last, at + 15), expires
  return h
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
