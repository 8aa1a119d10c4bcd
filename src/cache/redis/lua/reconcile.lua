-- Brings one batch in line with one change. Arguments after the batch's: the mark, the document's
-- name, the stamp, the row (empty: none), 1 when the row is too long to be kept; hidden states, rows and
-- deltas at the most. Answers {epoch, what was done}; for a dropped batch that is the reason.
local mark, name, stamp, row = take(), take(), take(), take()
local too_long, most_hidden, most_rows, most_deltas =
  take() == '1', tonumber(take()), tonumber(take()), tonumber(take())
local now = epoch()
local gens = generations(types)
local refused = mark ~= now and 'mark' or too_long and 'row_key'
local done, dropped

local h = head(ready)
if h and h.gens == gens then
  dropped = refused
  if not dropped then
    done = merge(ready, h, name, stamp, row)
    if h.hidden > most_hidden then dropped = 'departed'
    elseif shown(ready, h) > most_rows then dropped = 'rows' end
  end
end
if dropped or done ~= 'unchanged' then tell(topic) end
if dropped or not done then
  call('UNLINK', ready)
elseif h.changed then
  put_head(ready, h)
end

local lease = call('HMGET', pending, 't', 'g')
local left, lost
if lease[2] and lease[2] == gens then
  left, lost = 'deferred', refused
  if not lost and sub(stamp, 1, 16) > lease[1] then
    local known = call('HGET', pending, 'd' .. name)
    if not known or sub(known, 1, 32) < stamp then
      call('HSET', pending, 'd' .. name, stamp .. row)
      if call('HLEN', pending) - 3 > most_deltas then lost = 'deltas' end
    end
  end
end
if lost or not left then call('DEL', pending) end
forget_if_gone()
return { now, dropped or done or lost or left or 'absent' }
