-- Brings one batch in line with one change. Arguments after the batch's: the mark, the document's
-- name, the stamp, the row (empty: none), 1 when the row is too long to be kept; hidden states, rows and
-- deltas at the most. Answers {epoch, what was done}.
local mark, name, stamp, row = take(), take(), take(), take()
local too_long, most_hidden, most_rows, most_deltas =
  take() == '1', tonumber(take()), tonumber(take()), tonumber(take())
local now = epoch()
local gens = generations(types)
local absorbs = mark == now and not too_long
local done

local h = head(ready)
if h and h.gens == gens then
  done = absorbs and merge(ready, h, name, stamp, row) or 'dropped'
  if h.hidden > most_hidden or shown(ready, h) > most_rows then done = 'dropped' end
end
if done ~= 'unchanged' then tell(topic) end
if not done or done == 'dropped' then
  call('UNLINK', ready)
elseif h.changed then
  put_head(ready, h)
end

local lease = call('HMGET', pending, 't', 'g')
local left
if lease[2] and lease[2] == gens then
  left = absorbs and 'deferred' or 'dropped'
  if absorbs and sub(stamp, 1, 16) > lease[1] then
    local known = call('HGET', pending, 'd' .. name)
    if not known or sub(known, 1, 32) < stamp then
      call('HSET', pending, 'd' .. name, stamp .. row)
      if call('HLEN', pending) - 3 > most_deltas then left = 'dropped' end
    end
  end
end
if left ~= 'deferred' then call('DEL', pending) end
forget_if_gone()
return { now, done or left or 'absent' }
