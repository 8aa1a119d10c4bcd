-- Makes a leased batch ready. The last key is the staged set: row members and blocks. Arguments after the batch's: the
-- lease's token, the numbers of staged rows and members, the extent of the rows (empty: the batch is complete),
-- milliseconds to live, the maximum numbers of hidden states and rows, and when the first of the documents expires (empty:
-- none does). Answers 1 or 0.
local b = take_batch()
local ready, pending, types, staged = b.ready, b.pending, b.types, take_key()
local token, rows, count, extent, ttl = take(), tonumber(take()), tonumber(take()), take(), take()
local most_hidden, most_rows = tonumber(take()), tonumber(take())
local expires = tonumber(take())
local lease = call('HMGET', pending, 'k', 't', 'g', 'u')
if lease[1] ~= token then
  call('UNLINK', staged)
  return 0
end
local deltas = call('HGETALL', pending)
call('DEL', pending)
local h = { time = packed(lease[2]), shown = rows, hidden = 0, extent = extent ~= '' and extent, gens = lease[3] }
h.expires = earlier(expires, tonumber(lease[4] or ''))
local kept = lease[3] == generations(types) and call('ZCARD', staged) == count
if kept then
  if h.extent then call('ZADD', staged, 0, '3' .. extent) end
  for i = 1, #deltas, 2 do
    if sub(deltas[i], 1, 1) == 'd' then
      merge(staged, h, sub(deltas[i], 2), sub(deltas[i + 1], 1, 32), sub(deltas[i + 1], 33))
    end
  end
  kept = h.hidden <= most_hidden and h.shown <= most_rows
end
if not kept then
  call('UNLINK', staged)
  forget_if_gone(b)
  return 0
end
put_head(staged, h)
tell(b.topic)
call('RENAME', staged, ready)
call('PEXPIRE', ready, ttl)
return 1
