-- Makes a leased partition ready. Arguments after the batch's: the lease's token, 1 if there are too many documents, the
-- documents, milliseconds to live, and the maximum number of documents changed since the fill. Answers 1 or 0.
local b = take_batch()
local token, large, docs, ttl, most = take(), take() == '1', take(), take(), tonumber(take())
local lease = call('HMGET', b.pending, 'k', 't', 'g')
if lease[1] ~= token then return 0 end
local deltas = call('HGETALL', b.pending)
call('DEL', b.pending)
local changes = {}
for i = 1, #deltas, 2 do
  if not large and sub(deltas[i], 1, 1) == 'd' and sub(deltas[i + 1], 1, 16) > lease[2] then
    changes[#changes + 1] = { 'c' .. sub(deltas[i], 2), deltas[i + 1] }
  end
end
if lease[3] ~= generations(b.types) or #changes > most then
  forget_if_gone(b)
  return 0
end
call('UNLINK', b.ready)
call('HSET', b.ready, 'h', lease[2] .. fresh .. lease[3])
if not large then call('HSET', b.ready, 'd', docs) end
for _, change in ipairs(changes) do call('HSET', b.ready, change[1], change[2]) end
tell(b.topic)
call('PEXPIRE', b.ready, ttl)
return 1
